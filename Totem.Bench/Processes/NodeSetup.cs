using System.Text.Json.Serialization;
using Totem.Bench.Load;

namespace Totem.Bench.Processes;

/// <summary>The first line to a node process: everything it is to be.</summary>
internal sealed record NodeSetup
{
    /// <summary>Its number, from 1.</summary>
    public required uint Self { get; init; }

    /// <summary>How many nodes there are.</summary>
    public required int Nodes { get; init; }

    /// <summary>The kind of ring that it is a node of.</summary>
    public required EngineKind Engine { get; init; }

    /// <summary>Settings of the engine, <c>Name=Value</c> each.</summary>
    public required string[] Settings { get; init; }

    /// <summary>The addresses of all nodes; none on the loopback.</summary>
    public required string[] Addresses { get; init; }

    /// <summary>The port; on the loopback the first of them.</summary>
    public required int Port { get; init; }

    /// <summary><c>udp</c> (multicast), <c>udpu</c> (unicast), <c>knet</c> or <c>knet-aead</c>, for ours.</summary>
    public required string Transport { get; init; }

    /// <summary>How ours is used: <c>handler</c>, <c>stream</c> or <c>group</c>.</summary>
    public required string Api { get; init; }

    /// <summary>A directory for the ring sequence.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The daemon of this node, or 0.</summary>
    public required int DaemonPid { get; init; }

    /// <summary>Whether messages are safe.</summary>
    public required bool IsSafe { get; init; }

    /// <summary>The length of a message.</summary>
    public required int Size { get; init; }

    /// <summary>When messages are sent.</summary>
    public required string Load { get; init; }

    /// <summary>How many nodes send: the first ones.</summary>
    public required int Senders { get; init; }

    /// <summary>Whether ours looks for datagrams for milliseconds before it sleeps, instead of the default.</summary>
    public required bool IsBusyPolling { get; init; }

    /// <summary>Messages a second that are read from the stream of events; 0 for all.</summary>
    public double ReadPerSecond { get; init; }
}

/// <summary>The later lines to a node process, one object a line. The end of the input means leave.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "do")]
[JsonDerivedType(typeof(StartLoad), "load")]
[JsonDerivedType(typeof(OpenWindow), "open")]
[JsonDerivedType(typeof(CloseWindow), "close")]
[JsonDerivedType(typeof(TakeSample), "sample")]
[JsonDerivedType(typeof(PauseReading), "pause")]
[JsonDerivedType(typeof(ReadOn), "readOn")]
[JsonDerivedType(typeof(Leave), "leave")]
internal abstract record NodeInstruction;

/// <summary>Send, if the node is a sender.</summary>
internal sealed record StartLoad : NodeInstruction;

/// <summary>Multicast the mark that begins the window.</summary>
internal sealed record OpenWindow : NodeInstruction;

/// <summary>Multicast the mark that ends the window.</summary>
internal sealed record CloseWindow : NodeInstruction;

/// <summary>Say what was delivered so far.</summary>
internal sealed record TakeSample : NodeInstruction;

/// <summary>Read nothing of the stream of events.</summary>
internal sealed record PauseReading : NodeInstruction;

/// <summary>Read on.</summary>
internal sealed record ReadOn : NodeInstruction;

/// <summary>Say goodbye and end.</summary>
internal sealed record Leave : NodeInstruction;

/// <summary>The lines of a node process, one object a line.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(NodeReady), "ready")]
[JsonDerivedType(typeof(WindowOpened), "opened")]
[JsonDerivedType(typeof(WindowClosed), "closed")]
[JsonDerivedType(typeof(SampleTaken), "sampled")]
[JsonDerivedType(typeof(NodeFailed), "failed")]
internal abstract record NodeEvent;

/// <summary>All nodes are together.</summary>
internal sealed record NodeReady : NodeEvent;

/// <summary>The mark that begins the window was delivered.</summary>
internal sealed record WindowOpened : NodeEvent;

/// <summary>The mark that ends the window was delivered.</summary>
/// <param name="Counts">The node's counts in between.</param>
internal sealed record WindowClosed(WindowCounts Counts) : NodeEvent;

/// <summary>Where it stands.</summary>
/// <param name="At">When, of the clock that all processes of a host share.</param>
/// <param name="Delivered">Messages that the application was handed so far.</param>
/// <param name="Members">Members of the ring that it is on.</param>
/// <param name="Changes">Changes of the membership so far.</param>
internal sealed record SampleTaken(long At, long Delivered, int Members, long Changes) : NodeEvent;

/// <summary>It cannot go on.</summary>
/// <param name="ExitCode">One of <see cref="CommandLine.ExitCode"/>.</param>
/// <param name="Message">Why.</param>
internal sealed record NodeFailed(int ExitCode, string Message) : NodeEvent;

/// <summary>Code for reading and writing the lines without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(NodeSetup))]
[JsonSerializable(typeof(NodeInstruction))]
[JsonSerializable(typeof(NodeEvent))]
internal sealed partial class NodeJson : JsonSerializerContext;
