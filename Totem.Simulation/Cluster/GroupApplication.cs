using Totem.Core;
using Totem.Core.Groups;
using Totem.Simulation.Groups;
using Totem.Simulation.Traces;

namespace Totem.Simulation.Cluster;

/// <summary>The next wish of a process.</summary>
internal enum GroupWishKind
{
    /// <summary>Join.</summary>
    Join,

    /// <summary>Leave, and listen until it has.</summary>
    Leave,

    /// <summary>End without a word; its host says so.</summary>
    End,

    /// <summary>Send a message.</summary>
    Send,
}

/// <summary>One thing a process wants to do.</summary>
internal readonly record struct GroupWish(
    GroupWishKind Kind, int LengthBytes = 0, int Parts = 0, Guarantee Guarantee = Guarantee.Agreed);

/// <summary>The processes on one processor, in one of its lives: each does one thing after the
/// other, and waits where it must.</summary>
internal sealed class GroupApplication(SimulatedCluster cluster, ProcessorId node, int life, GroupProcessor processor)
{
    /// <summary>Keeps the numbers of group messages apart from those of the ring.</summary>
    private const long FirstNumber = 1_000_000;

    private readonly List<Process> _processes = [];
    private byte[] _payload = [];
    private long _said;

    public GroupJournal Journal { get; } = new(cluster, node, life, processor);

    public GroupProcessor Processor => processor;

    /// <summary>Things that wait for room, or for a leave to come through.</summary>
    public int WaitingCount => _processes.Sum(x => x.Wishes.Count);

    /// <summary>Notes what a process wants to do; <see cref="Work"/> does it.</summary>
    public void Wish(GroupName group, uint pid, in GroupWish wish)
    {
        var process = _processes.Find(x => x.Group == group && x.Pid == pid);
        if (process is null)
            _processes.Add(process = new Process(group, pid));
        if (wish.Kind == GroupWishKind.End)
            End(process);
        process.Wishes.Enqueue(wish);
    }

    /// <summary>Everybody in a group says two more things.</summary>
    public void SayLast()
    {
        foreach (var process in _processes.Where(x => x.Stream is { IsOver: false }))
        {
            process.Wishes.Enqueue(new GroupWish(GroupWishKind.Send, 20, 1));
            process.Wishes.Enqueue(new GroupWish(GroupWishKind.Send, 30, 1, Guarantee.Safe));
        }
    }

    /// <summary>Takes all deliveries; true when there was one, after which there may be something to send.</summary>
    public bool Consume(ProcessorJournal ring) => ConsumeSome(ring, int.MaxValue);

    /// <summary>Takes so many deliveries, and those that others wait for.</summary>
    public bool ConsumeSome(ProcessorJournal ring, int count)
    {
        var any = false;
        while ((count-- > 0 || processor.MustDeliver) && processor.TryDeliver(cluster.Now, out var delivery))
        {
            any = true;
            if (delivery.Kind == GroupDeliveryKind.Ring)
                ring.Record(delivery.Ring);
            Journal.Record(delivery);
            foreach (var process in _processes.Where(x => x.Stream is { HasLeft: true }))
            {
                processor.Release(process.Stream!.Membership!);
                process.Stream = null;
            }
        }

        return any;
    }

    /// <summary>Lets every process do what it can; true when the engine took anything.</summary>
    public bool Work()
    {
        var took = false;
        foreach (var process in _processes)
        {
            while (process.Wishes.TryPeek(out var wish))
            {
                var result = Do(process, wish);
                if (result == SubmitResult.NotRunning)
                    process.Wishes.Clear();
                if (result != SubmitResult.Accepted)
                    break;
                took = true;
                process.Wishes.Dequeue();
                process.PartsDone = 0;
            }
        }

        return took;
    }

    private void End(Process process)
    {
        process.Wishes.Clear();
        process.PartsDone = 0;
        process.Message = null;
        if (process.Stream is { } stream)
        {
            stream.IsReleased = true;
            processor.Release(stream.Membership!);
        }
    }

    private SubmitResult Do(Process process, in GroupWish wish) => wish.Kind switch
    {
        GroupWishKind.Join => Join(process),
        GroupWishKind.Leave => Leave(process, GroupChangeReason.Left),
        GroupWishKind.End => Leave(process, GroupChangeReason.ProcessDown),
        _ => Send(process, wish),
    };

    private SubmitResult Join(Process process)
    {
        if (process.Stream?.Membership?.State is GroupMembershipState.Joining or GroupMembershipState.Joined)
            return SubmitResult.Accepted;
        if (!processor.CanJoin(process.Group, process.Pid))
            return SubmitResult.Backpressured;
        var stream = Journal.Begin(process.Group, process.Pid);
        Journal.HandIn(stream, message: null, 0, isJoin: true);
        var result = processor.TryJoin(process.Group, process.Pid, stream, cluster.Now, out var membership);
        if (result != SubmitResult.Accepted)
        {
            Journal.TakeBack();
            Journal.Abandon(stream);
            return result;
        }

        stream.Membership = membership;
        process.Stream = stream;
        return result;
    }

    private SubmitResult Leave(Process process, GroupChangeReason reason)
    {
        if (process.Stream is not { Membership: { State: GroupMembershipState.Joining
            or GroupMembershipState.Joined } membership } stream)
            return Forget(process, reason);
        Journal.HandIn(stream, message: null, 0, isJoin: false);
        var result = processor.TryLeave(membership, reason, cluster.Now);
        if (result != SubmitResult.Accepted)
        {
            Journal.TakeBack();
            return result;
        }

        return Forget(process, reason);
    }

    // A process that ended hears nothing of its leave.
    private static SubmitResult Forget(Process process, GroupChangeReason reason)
    {
        if (reason == GroupChangeReason.ProcessDown)
            process.Stream = null;
        return SubmitResult.Accepted;
    }

    private SubmitResult Send(Process process, in GroupWish wish)
    {
        if (process.Stream is not { Membership: { State: GroupMembershipState.Joining
            or GroupMembershipState.Joined } membership } stream)
            return SubmitResult.Accepted;
        if (process.PartsDone == 0)
            process.Message = new GroupMessageRecord(stream, ++_said, wish.LengthBytes, wish.Parts, wish.Guarantee);
        var message = process.Message!;
        if (_payload.Length < wish.LengthBytes)
            _payload = new byte[wish.LengthBytes];
        var payload = _payload.AsSpan(0, wish.LengthBytes);
        message.Hash = cluster.Ledger.Compose(new MessageId(node, life, FirstNumber + message.Number), wish.Guarantee,
            payload).Hash;
        for (; process.PartsDone < wish.Parts; process.PartsDone++)
        {
            Journal.HandIn(stream, message, process.PartsDone, isJoin: false);
            var result = SendPart(membership, payload, process.PartsDone, wish);
            if (result == SubmitResult.Accepted)
                continue;
            Journal.TakeBack();
            if (process.PartsDone == 0)
                _said--;
            return result;
        }

        message.IsAccepted = true;
        stream.Said.Add(message);
        return SubmitResult.Accepted;
    }

    private SubmitResult SendPart(GroupMembership membership, ReadOnlySpan<byte> payload, int part, in GroupWish wish)
    {
        // Half of the whole ones say that they are all of their parts.
        if (wish.Parts == 1 && wish.LengthBytes % 2 == 0)
            return processor.TrySubmit(membership, payload, wish.Guarantee, cluster.Now);
        var (from, to) =
            ((int)((long)payload.Length * part / wish.Parts), (int)((long)payload.Length * (part + 1) / wish.Parts));
        return processor.TrySubmitPart(
            membership, payload[from..to], from, payload.Length, wish.Guarantee, cluster.Now);
    }

    private sealed class Process(GroupName group, uint pid)
    {
        public GroupName Group => group;

        public uint Pid => pid;

        public Queue<GroupWish> Wishes { get; } = [];

        /// <summary>The events that it hears at present.</summary>
        public GroupStream? Stream { get; set; }

        /// <summary>The message it is about to hand in.</summary>
        public GroupMessageRecord? Message { get; set; }

        /// <summary>How many parts of it the engine took.</summary>
        public int PartsDone { get; set; }
    }
}
