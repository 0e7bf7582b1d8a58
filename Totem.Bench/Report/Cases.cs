using System.Globalization;
using Totem.Bench.Processes;

namespace Totem.Bench.Report;

/// <summary>The cases and engines of the report by their names: the plan measures them, and the
/// tables and charts find them.</summary>
internal static class Cases
{
    /// <summary>The peer of the table.</summary>
    public const string Corosync = "corosync-udpu";

    /// <summary>Ours with a token that always goes round, as it did before it could rest.</summary>
    public const string NoRest = EngineSpec.Totem + ":TokenPark=0us";

    /// <summary>Ours, joined to as many groups as a process may have: nothing is sent to all but one of them.</summary>
    public const string ManyGroups = EngineSpec.Totem + ":JoinedGroups=4095";

    /// <summary>The limit of a rotation.</summary>
    public const string TokenLimit = EngineSpec.Token;

    /// <summary>The same for processes that poll.</summary>
    public const string BusyTokenLimit = EngineSpec.BusyToken;

    /// <summary>The limit of a message: one datagram to each of the others.</summary>
    public const string HopLimit = EngineSpec.Hop;

    /// <summary>The limit of a fan-out.</summary>
    public const string FanOutLimit = "limit-fanout-gso";

    /// <summary>The most nodes.</summary>
    public const int MaxNodes = 14;

    /// <summary>The nodes of most rows.</summary>
    public const int NodesOfTable = 3;

    /// <summary>The length of a message that nearly fills a datagram.</summary>
    public const int DatagramSize = 1350;

    /// <summary>The size called 1 MiB elsewhere: the most that corosync takes.</summary>
    public const int LargestSize = 1_000_000;

    /// <summary>A ring that has just formed is measured for so long, and again after
    /// <see cref="WarmSeconds"/>.</summary>
    public const double ColdSeconds = 3;

    /// <summary>How long the load has run on a ring that is called warm in that row.</summary>
    public const double WarmSeconds = 30;

    private const int SmallSize = 64;
    private const int GroupSize = 200;
    private const string PauseOfSecond = "rate:1";

    // A pause of 62.5 s, as a rate.
    private const string PauseOfMinute = "rate:0.016";

    /// <summary>One member has one message under way.</summary>
    public static RingCase Closed(int nodes) => new(nodes, SmallSize, "closed", 1);

    /// <summary>A second member sends now and then beside one in a closed loop, where the token rests.</summary>
    public static RingCase Second(int nodes) => new(nodes, SmallSize, "beside:200", 2);

    /// <summary>Two members answer each other.</summary>
    public static RingCase Turns(int nodes) => new(nodes, SmallSize, "turns", 2);

    /// <summary>All members together send so many messages a second.</summary>
    public static RingCase Rate(int nodes, int rate) =>
        new(nodes, SmallSize, string.Create(CultureInfo.InvariantCulture, $"rate:{rate}"), nodes);

    /// <summary>A message after a pause of a second, of the one sender or of another than the last.</summary>
    public static RingCase AfterSecond(int nodes, int senders) => new(nodes, SmallSize, PauseOfSecond, senders);

    /// <summary>The same after a pause of a minute.</summary>
    public static RingCase AfterMinute(int nodes, int senders) => new(nodes, SmallSize, PauseOfMinute, senders);

    /// <summary>All send as much as is taken.</summary>
    public static RingCase Saturation(int nodes, int size) => new(nodes, size, "saturation", nodes);

    /// <summary>One does.</summary>
    public static RingCase OneSender(int size) => new(NodesOfTable, size, "saturation", 1);

    /// <summary>All send to a process group as much as is taken.</summary>
    public static RingCase Groups => new(NodesOfTable, GroupSize, "saturation", NodesOfTable, Api: "group");

    /// <summary>Nobody sends.</summary>
    public static RingCase Idle(int nodes) => new(nodes, null, "idle");
}
