using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Totem.Accord.Server;

/// <summary>How a conductor serves.</summary>
public sealed record ConductorServerOptions
{
    /// <summary>The port of the original.</summary>
    public const int DefaultPort = 9090;

    /// <summary>The most conductors that can be asked to vote.</summary>
    public const int VotersMax = 14;

    /// <summary>Where clients connect. Default: both loopback addresses, because the old dialect knows neither names
    /// nor keys. A port of 0 takes a free one.</summary>
    public IReadOnlyList<IPEndPoint> Listen { get; init; } =
        [new(IPAddress.Loopback, DefaultPort), new(IPAddress.IPv6Loopback, DefaultPort)];

    /// <summary>Where other conductors get the state from this one; they must be able to reach it. A port of 0, the
    /// default, takes a free one.</summary>
    public IPEndPoint TransferListen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>How many conductors shall vote: where nobody has a state, a store begins when as many have met; later
    /// ones become voters until there are as many. Default 1. More protects better: of three one may die, of five
    /// two. It must be more than half of all conductors: fewer that were started again, without the state that was in
    /// their memory, could begin a second store while they are cut off.</summary>
    public int Voters { get; init; } = 1;

    /// <summary>Whether reads are answered where there is no majority, from what was known last. Default: no.</summary>
    public bool ServesStaleReads { get; init; }

    /// <summary>The group of conductors on the ring; several stores can share one. Default <c>accord</c>.</summary>
    public string Group { get; init; } = "accord";

    /// <summary>Makes loggers. Default: none.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Everything that is wrong with these options; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (Voters is < 1 or > VotersMax)
            problems.Add($"{nameof(Voters)} is {Voters}, expected 1 to {VotersMax}");
        if (Listen.Count == 0)
            problems.Add($"{nameof(Listen)} has no address, expected at least one");
        if (string.IsNullOrEmpty(Group))
            problems.Add($"{nameof(Group)} is empty, expected the name of a group");
        return problems;
    }
}
