using System.Text.Json.Serialization;

namespace Totem.Cli.Demos;

/// <summary>The outcome of a demo; <c>totem demo --json</c> prints it as one object. Times are milliseconds.</summary>
internal sealed record DemoReport
{
    /// <summary>True when every rule held and every node agrees.</summary>
    public required bool Holds { get; init; }

    /// <summary>How many nodes.</summary>
    public required int Nodes { get; init; }

    /// <summary>How many messages each node that stayed multicast.</summary>
    public required int MessagesPerNode { get; init; }

    /// <summary>The node that was killed and came back.</summary>
    public required uint Victim { get; init; }

    /// <summary>Why the survivors say that they formed a ring without it.</summary>
    public required string RemovalCause { get; init; }

    /// <summary>How long things took.</summary>
    public required DemoTimes Times { get; init; }

    /// <summary>The regular configurations of at least two nodes.</summary>
    public required IReadOnlyList<DemoConfiguration> Configurations { get; init; }

    /// <summary>Each life of each node.</summary>
    public required IReadOnlyList<DemoLife> Lives { get; init; }

    /// <summary>The numbers of the rules that were checked.</summary>
    public required IReadOnlyList<string> RulesChecked { get; init; }

    /// <summary>Everything that did not hold, for people.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>Events in the merged trace.</summary>
    public required int TraceEvents { get; init; }

    /// <summary>Where the traces are, when they were kept.</summary>
    public string? Traces { get; init; }
}

/// <summary>How long things took, in milliseconds.</summary>
/// <param name="Start">From the first process's start to the last one's word that it runs.</param>
/// <param name="Formation">From then to the ring of all, installed by the last.</param>
/// <param name="Detection">From SIGKILL until the first survivor installed a configuration without the victim.</param>
/// <param name="Removal">From SIGKILL until the last one did.</param>
/// <param name="Rejoin">From the restarted process's word that it runs until everybody had
/// installed the ring of all.</param>
/// <param name="Total">The whole run.</param>
internal sealed record DemoTimes(
    double Start, double Formation, double Detection, double Removal, double Rejoin, double Total);

/// <summary>A regular configuration.</summary>
/// <param name="Ring">Its id.</param>
/// <param name="Members">Its members.</param>
/// <param name="Messages">Delivered by those who saw its end.</param>
/// <param name="OrderHash">Over these; null when they disagree.</param>
/// <param name="DeliveredBy">The nodes that saw its end.</param>
internal sealed record DemoConfiguration(
    string Ring, uint[] Members, long Messages, string? OrderHash, uint[] DeliveredBy);

/// <summary>One life of a node.</summary>
/// <param name="Node">Its id.</param>
/// <param name="Life">Which life, from 1.</param>
/// <param name="Killed">True when SIGKILL ended it.</param>
/// <param name="Configurations">Regular configurations it installed.</param>
/// <param name="Sent">Messages it multicast, the mark that ends its load among them.</param>
/// <param name="Delivered">Messages it delivered, marks among them.</param>
/// <param name="OrderHash">Over all configurations that the nodes which stayed have in common; null
/// when it missed some.</param>
internal sealed record DemoLife(
    uint Node, int Life, bool Killed, int Configurations, long Sent, long Delivered, string? OrderHash);

/// <summary>Code for writing the report without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DemoReport))]
internal sealed partial class DemoReportJson : JsonSerializerContext;
