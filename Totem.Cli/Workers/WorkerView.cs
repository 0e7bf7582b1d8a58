using Totem.Cli.Nodes;

namespace Totem.Cli.Workers;

/// <summary>The facts that the events of one worker tell about it so far. Read under <see cref="WorkerCluster"/>'s
/// lock.</summary>
internal sealed class WorkerView
{
    private readonly List<ConfigurationInstalled> _configurations = [];
    private readonly HashSet<(uint Sender, int Mark)> _marks = [];
    private readonly HashSet<int> _loadsDone = [];

    /// <summary>When it said that it runs; null before.</summary>
    public DateTimeOffset? StartedAt { get; private set; }

    /// <summary>Every configuration it installed, in its order.</summary>
    public IReadOnlyList<ConfigurationInstalled> Configurations => _configurations;

    /// <summary>The regular configuration installed last; null before the first.</summary>
    public ConfigurationInstalled? Regular { get; private set; }

    /// <summary>Messages it handed to the ring, by its latest word.</summary>
    public long Sent { get; private set; }

    /// <summary>Messages it delivered, by its latest word.</summary>
    public long Delivered { get; private set; }

    /// <summary>Messages of its own that it delivered, by its latest word.</summary>
    public long OwnDelivered { get; private set; }

    /// <summary>True once its trace was closed.</summary>
    public bool HasEndedTrace { get; private set; }

    /// <summary>True once it said goodbye.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>True when its last regular configuration has exactly these members.</summary>
    public bool IsIn(IReadOnlyCollection<uint> members)
        => Regular is not null && Regular.Members.Length == members.Count && members.All(Regular.Members.Contains);

    /// <summary>True once the mark of every one of these senders was delivered.</summary>
    public bool HasMarks(int mark, IEnumerable<uint> senders) => senders.All(x => _marks.Contains((x, mark)));

    /// <summary>True once the load was submitted whole.</summary>
    public bool HasDone(int load) => _loadsDone.Contains(load);

    /// <summary>Takes one event in.</summary>
    public void Apply(NodeEvent nodeEvent)
    {
        switch (nodeEvent)
        {
            case NodeStarted started:
                StartedAt = started.At;
                break;
            case ConfigurationInstalled installed:
                _configurations.Add(installed);
                if (installed.IsRegular)
                    Regular = installed;
                break;
            case WorkerProgress progress:
                (Sent, Delivered, OwnDelivered) = (progress.Sent, progress.Delivered, progress.OwnDelivered);
                break;
            case WorkerLoadDone done:
                _loadsDone.Add(done.Load);
                Sent = done.Sent;
                break;
            case WorkerMark mark:
                _marks.Add((mark.Sender, mark.Mark));
                Delivered = mark.Delivered;
                break;
            case WorkerTraceEnded:
                HasEndedTrace = true;
                break;
            case NodeLeft:
                HasLeft = true;
                break;
            default: // Messages are not reported by workers.
                break;
        }
    }

    /// <summary>One line for reports of what went wrong.</summary>
    public override string ToString() =>
        (Regular is null ? "no configuration" : $"ring {Regular.Ring} {{{string.Join(", ", Regular.Members)}}}")
        + $", {Sent} sent, {Delivered} delivered{(HasLeft ? ", left" : "")}";
}
