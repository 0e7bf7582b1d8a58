namespace Totem.Hosting;

/// <summary>The place of a message in the one order, the same at every member: of two messages of a ring the one with
/// the lower number comes first, and of two with the same number the one with the lower index.</summary>
/// <param name="Ring">The configuration in which it was sent.</param>
/// <param name="Seq">Its number on that ring.</param>
/// <param name="Index">Which of the messages that have this number.</param>
public readonly record struct GroupPlace(RingId Ring, Seq Seq, int Index);
