using Totem.Core.Model;
using Totem.Core.Ordering;

namespace Totem.Core.Evs;

/// <summary>The last regular configuration and everything a processor owes it until the next one is installed.</summary>
internal sealed class InstalledRing(Configuration configuration, TokenRing ring, RingDelivery delivery)
{
    public Configuration Configuration => configuration;

    public RingId Id => ring.Id;

    public ProcessorSet Members => ring.Members;

    public OrderedLog Log => ring.Log;

    /// <summary>Our last frame.</summary>
    public RingPosition Own => new(ring.Id, ring.OwnThrough);

    public RingDelivery Delivery => delivery;

    /// <summary>
    /// Not empty once we have let others know, in a recovery that came to nothing, that we have everything: they may have
    /// delivered these processors' messages on the strength of it, so we must, whatever holes there are (evs.md, "Where
    /// implementations usually go wrong", 2).
    /// </summary>
    public ProcessorSet Obligation { get; set; } = ProcessorSet.Empty;
}
