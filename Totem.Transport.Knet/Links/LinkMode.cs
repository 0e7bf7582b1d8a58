namespace Totem.Transport.Knet.Links;

/// <summary>Which of the links that are up a message takes: corosync's <c>link_mode</c> (KNET §10).</summary>
internal enum LinkMode
{
    /// <summary>The one with the highest priority; of equal ones the lowest number.</summary>
    Passive,

    /// <summary>All of them.</summary>
    Active,

    /// <summary>The next one for each message to a peer.</summary>
    RoundRobin,
}
