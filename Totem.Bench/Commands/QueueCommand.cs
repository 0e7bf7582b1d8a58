using System.CommandLine;
using Totem.Bench.Load;
using Totem.Bench.Ring;
using Totem.CommandLine;

namespace Totem.Bench.Commands;

/// <summary><c>queue</c>: an ordered queue of messages, by a ring of ours and by a real ZooKeeper server.</summary>
internal sealed class QueueCommand : Command
{
    private const int SizeMax = 1_000_000; // A znode has a MiB at most.

    private readonly BenchFlags _shared = new();
    private readonly Option<int> _size =
        Ranged.Number("--size", "The length of a message, in bytes.", 64, MessageHeader.Bytes, SizeMax);
    private readonly Option<string> _load = new("--load")
    {
        Description = "closed: each node has one message in flight. rate:N: N messages a second of all together. "
            + "saturation: as many as are taken.",
        HelpName = "LOAD",
        DefaultValueFactory = _ => "closed",
    };

    /// <summary>Creates the command.</summary>
    public QueueCommand() : base(
        "queue",
        "Measures ordered messages as Sheepdog uses them: ours, and ZooKeeper with a real server at the first node, "
        + "where a message\n"
        + "is a sequential znode and every node waits for it by a watch and reads it. All nodes send and all take "
        + "every message.")
    {
        Add(_size);
        Add(_load);
        _shared.AddTo(this);
        SetAction((parsed, _) => LoadShape.TryParse(parsed.GetValue(_load)!, out var load)
            ? _shared.RunAsync(parsed, RingPlan.OfQueue(
                load, _shared.Nodes(parsed), parsed.GetValue(_size), _shared.Seconds(parsed), _shared.WarmUp(parsed),
                _shared.Runs(parsed)))
            : throw new CommandFailedException(
                ExitCode.Usage, $"--load is '{parsed.GetValue(_load)}', expected closed, saturation or rate:N"));
    }
}
