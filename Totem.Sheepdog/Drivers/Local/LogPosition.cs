namespace Totem.Sheepdog.Drivers.Local;

/// <summary>A place in the order.</summary>
/// <param name="Segment">Segments are numbered from 1; 64 bits last for 4 billion years at a hundred a second.</param>
/// <param name="Offset">In the segment's order, in bytes.</param>
internal readonly record struct LogPosition(ulong Segment, long Offset) : IComparable<LogPosition>
{
    public int CompareTo(LogPosition other) =>
        Segment == other.Segment ? Offset.CompareTo(other.Offset) : Segment.CompareTo(other.Segment);
}
