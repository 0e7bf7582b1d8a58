namespace Totem.Core.Model;

/// <summary>A place in the order of one ring.</summary>
/// <param name="Ring">The ring.</param>
/// <param name="Seq">The number of a frame there.</param>
public readonly record struct RingPosition(RingId Ring, Seq Seq);
