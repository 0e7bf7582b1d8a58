using Totem.Core.Diagnostics;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Operation;
using Totem.Transport.Udp.Queues;
using Totem.Transport.Udp.Transports;

namespace Totem.Transport.Udp.Hosting;

/// <summary>The life of one member: it starts the thread whose <see cref="DutyCycle"/> owns everything, and closes what
/// that leaves. The public members are the doors for other threads.</summary>
internal sealed class RingHost
{
    private readonly RingParts _parts;
    private readonly DutyCycle _cycle;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <exception cref="IOException">The ring sequence cannot be read.</exception>
    /// <exception cref="InvalidDataException">The stored bytes are no ring sequence.</exception>
    public RingHost(TotemNodeOptions options, IRingTransport transport, NodeCounters counters)
    {
        _parts = new RingParts(options, transport, counters, Run);
        _cycle = new DutyCycle(_parts);
    }

    /// <summary>The way in for messages.</summary>
    public SubmissionQueue Submissions => _parts.Submissions;

    /// <summary>The way out; null when a handler takes the deliveries, or nobody does.</summary>
    public RingEventStream? Stream => _parts.Stream;

    /// <summary>Nobody read the stream while the node was used for groups, and it has overflowed.</summary>
    public bool IsStreamDropped => _parts.Room.IsStreamDropped;

    /// <summary>The groups this node is in.</summary>
    public GroupHost Groups => _parts.Groups;

    public NodeCounters Counters => _parts.Counters;

    /// <summary>The records of changes.</summary>
    public ChangeWitness Witness => _parts.Witness;

    /// <summary>Shows the member to those who ask.</summary>
    public StatusDesk Desk => _parts.Desk;

    public ulong StoredSequence => _parts.StoredSequence;

    /// <summary>Fails a wait that a handler begins on the ring's own thread: it could never end.</summary>
    public HandlerWaits Waits => _parts.Waits;

    /// <summary>For tests and measurements.</summary>
    internal IRingTransport Transport => _parts.Transport;

    /// <summary>The processors that could be on the ring, with this node.</summary>
    public ProcessorSet Allowed => _parts.Options.Ring.Allowed ?? _parts.Transport.Members;

    /// <summary>The members that are here, for those who wait for it.</summary>
    public MembershipWatch Membership => _parts.Membership;

    /// <summary>Completes when the thread has ended: successfully after <see cref="Leave"/>, otherwise with the reason
    /// for which it stopped by itself.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Tests look at the ring's thread from inside: called at the start of each cycle.</summary>
    internal Action? CycleHook
    {
        get => _cycle.CycleHook;
        set => _cycle.CycleHook = value;
    }

    public void Start()
    {
        _parts.Start();
        _parts.Thread.Start();
    }

    /// <summary>Multicast what was accepted, say goodbye, stop. Any thread; again is a no-op.</summary>
    public void Leave() => _parts.Leave();

    /// <summary>Stop like a process that was killed: nothing is sent, nobody is told. Any thread.</summary>
    public void Crash()
    {
        _parts.End.RequestCrash();
        _parts.Signal.Wake();
    }

    private void Run()
    {
        var self = _parts.Transport.Self;
        Exception? failure = null;
        try
        {
            if (OperatingSystem.IsLinux())
                _parts.Share.Begin(_parts.Options.Scheduling);
            Log.Started(
                _parts.Logger, self, _parts.Options.Transport.Kind, _parts.Transport.LocalAddress,
                _parts.Transport.Path, StoredSequence);
            _cycle.Run();
            if (_parts.End.HasLeft)
                Log.LeftRing(_parts.Logger, self);
            failure = _parts.End.KillReason;
        }
        catch (Exception exception)
        {
            // The kind of error does not matter: a member that cannot vouch for its state must not take part. The
            // others survive its silence.
            failure = Describe(exception, self);
            Log.Failed(_parts.Logger, self, failure.Message, exception);
        }

        Close(failure);
    }

    /// <summary>Everybody who still waits is told that the member is over, and why.</summary>
    private void Close(Exception? failure)
    {
        _parts.Close();
        var closed = failure
            ?? new ObjectDisposedException(nameof(TotemNode), $"node {_parts.Transport.Self} has left the ring");
        Submissions.Close(closed);
        Groups.Close(closed, failure);
        Membership.Close(closed);
        Stream?.Complete(failure);
        if (failure is null)
            _completion.SetResult();
        else
            _completion.SetException(failure);
    }

    private static RingFailedException Describe(Exception exception, ProcessorId self) => exception switch
    {
        InvariantException => new RingFailedException($"node {self} stopped, the engine contradicted itself: "
            + $"{exception.Message}", exception),
        IOException or UnauthorizedAccessException => new RingFailedException(
            $"node {self} stopped, the ring sequence could not be stored: {exception.Message}", exception),
        _ => new RingFailedException($"node {self} stopped: {exception.Message}", exception),
    };
}
