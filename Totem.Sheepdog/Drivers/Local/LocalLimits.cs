namespace Totem.Sheepdog.Drivers.Local;

/// <summary>The bounds of the files.</summary>
internal sealed record LocalLimits
{
    /// <summary>The size that a record counts besides its message, which bounds the records of a segment to some
    /// 16,000.</summary>
    public const int RecordBytes = 512;

    /// <summary>A segment that has more is sealed. Default 8 MiB: small enough that little lies around, large enough
    /// that opening files costs nothing beside reading them.</summary>
    public long SegmentBytes { get; init; } = 8 << 20;

    /// <summary>A session that is more segments behind is expelled: it would hold the disk for
    /// ever. Default 16, that is 128 MiB.</summary>
    public ulong SegmentsBehindMax { get; init; } = 16;
}
