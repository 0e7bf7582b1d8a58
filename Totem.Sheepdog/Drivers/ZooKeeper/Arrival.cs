using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// How a session comes into the log, step by step: it looks where the log ends, writes its arrival, in place of an
/// earlier session of the node if need be, and lists the other sessions. A read that was not answered is made again; a
/// write that was not ends the session, since a new one leaves no doubt.
/// </summary>
internal sealed class Arrival(SessionSetup setup, RequestDesk desk)
{
    private const int RepeatMilliseconds = 100;

    private readonly Queue<byte[]> _early = new();
    private Step _step;
    private SessionArrival? _arrival;
    private ZooKeeperWrite[] _writes = [];

    /// <summary>The owner of the node's member znode, as of the last look.</summary>
    private PeerId? _earlier;

    private enum Step
    {
        NotBegun,

        /// <summary>Asks how far the log goes.</summary>
        Measures,

        /// <summary>Has sent the transaction.</summary>
        Writes,

        /// <summary>Asks whose the node's member znode is.</summary>
        AsksMember,

        /// <summary>Lists the marks of all sessions.</summary>
        ListsMarks,

        Over,
    }

    /// <summary>Whether the session is in the log and knows the others.</summary>
    public bool IsOver => _step == Step.Over;

    /// <summary>Whether the session is in the log.</summary>
    public bool IsInLog => _step is Step.ListsMarks or Step.Over;

    /// <summary>The number of the session's own request.</summary>
    public uint Position { get; private set; }

    /// <summary>The other sessions with a mark.</summary>
    public IReadOnlyList<PeerId> Others { get; private set; } = [];

    /// <summary>The first message is the request; those that come before it has its place in the log go behind
    /// it.</summary>
    public void Add(byte[] message)
    {
        _early.Enqueue(message);
        if (_step == Step.NotBegun)
            Begin(Step.Measures);
    }

    /// <summary>A message behind the request; when the arrival is over.</summary>
    public bool TryTakeEarly([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out byte[]? message) =>
        _early.TryDequeue(out message);

    /// <summary>Time to ask again.</summary>
    public void HandleDeadline() => Begin(_step);

    /// <summary>An answer to the step that it is at.</summary>
    public void Handle(BackendAnswer answer, long now)
    {
        if (_step != Step.Writes && answer.IsUnanswered)
        {
            desk.Deadlines.Set(SessionDeadline.Arrival, now + RepeatMilliseconds);
            return;
        }

        switch (_step)
        {
            case Step.Measures:
                HandleMeasure(answer);
                break;
            case Step.Writes:
                HandleWritten(answer);
                break;
            case Step.AsksMember:
                HandleMember(answer);
                break;
            default:
                HandleMarks(answer);
                break;
        }
    }

    private void Begin(Step step)
    {
        _step = step;
        desk.Ask(step switch
        {
            Step.Measures => new(RequestPurpose.Arrives, BackendRequestKind.Exists, setup.Paths.Queue),
            Step.Writes => BackendRequest.Write(RequestPurpose.Arrives, _writes),
            Step.AsksMember =>
                new(RequestPurpose.Arrives, BackendRequestKind.Exists, setup.Paths.Member(setup.Node)),
            _ => new(RequestPurpose.Arrives, BackendRequestKind.Children, setup.Paths.Positions),
        });
    }

    private void HandleMeasure(BackendAnswer answer)
    {
        if (answer.Code != ZooKeeperCode.Ok)
        {
            desk.Lose($"the log cannot be found: {answer.Code}");
            return;
        }

        _arrival = new SessionArrival(setup.Paths, setup.Self, setup.Node)
        {
            Request = _early.Dequeue(),
            Credentials = setup.Credentials,
            LogEnd = answer.Stat.CreatedCount,
        };
        _writes = _arrival.Writes();
        Begin(Step.Writes);
    }

    private void HandleWritten(BackendAnswer answer)
    {
        if (answer.Code == ZooKeeperCode.Ok && SessionArrival.RequestNumber(answer.Results) is { } position)
        {
            Position = position;
            Begin(Step.ListsMarks);
        }
        else if (answer.Code == (_earlier is null ? ZooKeeperCode.NodeExists : ZooKeeperCode.NoNode))
        {
            // The node has a member znode that was not known, or no longer the one that was.
            Begin(Step.AsksMember);
        }
        else
        {
            // Whether it was applied is not known when the connection was lost. A new session leaves no doubt.
            desk.Lose($"the arrival could not be written: {answer.Code}");
        }
    }

    private void HandleMember(BackendAnswer answer)
    {
        var owner = answer.Stat.EphemeralOwner;
        PeerId? peer = answer.Code == ZooKeeperCode.Ok ? ZooKeeperPaths.PeerOf(owner) : null;
        if (peer is not null && setup.HasArrivedBefore && !setup.EarlierSessions.Contains(owner))
        {
            desk.Replace();
            return;
        }

        _writes = peer is not { } earlier ? _arrival!.Writes()
            : peer != _earlier ? _arrival!.WritesInPlaceOf(earlier)
            : _arrival!.WritesInPlaceOfUnmarked();
        _earlier = peer;
        Begin(Step.Writes);
    }

    private void HandleMarks(BackendAnswer answer)
    {
        if (answer.Code != ZooKeeperCode.Ok)
        {
            desk.Lose($"the other sessions cannot be listed: {answer.Code}");
            return;
        }

        Others = [.. answer.Names.Select(ZooKeeperPaths.PeerOf).OfType<PeerId>().Where(x => x != setup.Self)];
        _step = Step.Over;
    }
}
