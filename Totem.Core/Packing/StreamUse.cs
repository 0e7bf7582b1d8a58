using Totem.Core.Ordering;

namespace Totem.Core.Packing;

/// <summary>All that the ring knows of those who use its stream: the one seam through which it serves process
/// groups.</summary>
/// <param name="Envelopes">Writes what stands before a message.</param>
/// <param name="Synchronises">The members of each new ring say something to each other before the application's
/// messages go on, and somebody will say when they have.</param>
internal sealed record StreamUse(IEnvelopes Envelopes, bool Synchronises)
{
    /// <summary>Nobody but the readers of the ring's own stream.</summary>
    public static StreamUse RingOnly { get; } = new(new AddressOnly(), Synchronises: false);
}
