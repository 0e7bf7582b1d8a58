namespace Totem.Core.Time;

/// <summary>Everything a processor can wait for. One entry each in <see cref="DeadlineTable"/>.</summary>
internal enum Deadline
{
    /// <summary>The token has not come: the ring is taken for broken.</summary>
    TokenLoss,

    /// <summary>Nothing shows that the successor has our token: send it again.</summary>
    TokenRetransmit,

    /// <summary>The representative has held the token of an idle ring long enough.</summary>
    TokenHold,

    /// <summary>Time to repeat our join message.</summary>
    Join,

    /// <summary>A processor that has not agreed by now is taken for failed.</summary>
    Consensus,

    /// <summary>The representative shows other rings that it is here.</summary>
    MergeDetect,

    /// <summary>Alone beside others who form a ring: they have had the time to finish it.</summary>
    FirstMulticast,
}
