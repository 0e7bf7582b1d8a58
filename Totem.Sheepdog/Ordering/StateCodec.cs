using System.Collections.Immutable;

namespace Totem.Sheepdog.Ordering;

/// <summary>The state that a joiner is handed, as bytes. Buffers of other joiners are not in it: it
/// sees their accepts.</summary>
internal static class StateCodec
{
    private const int StalledBytesMax = SheepNode.MaxBytes + 64;

    public static void Write(ByteWriter writer, ClusterState state)
    {
        writer.Number((ulong)state.Informed.Count);
        foreach (var peer in state.Informed)
            writer.Peer(peer.Peer).Byte(peer.IsMember ? (byte)1 : (byte)0).Node(peer.Node);
        writer.Number((ulong)state.Pending.Count);
        foreach (var join in state.Pending)
            writer.Peer(join.Peer).Number(join.Attempt).Node(join.Node);
        writer.Number((ulong)state.Blocks.Count);
        foreach (var block in state.Blocks)
            writer.Peer(block.Owner).Number(block.Ticket);
        writer.Number((ulong)state.Locks.Count);
        foreach (var (id, owners) in state.Locks)
        {
            writer.Number(id).Number((ulong)owners.Count);
            foreach (var owner in owners)
                writer.Peer(owner.Owner).Number(owner.Ticket);
        }

        writer.Number(state.Version).Number((ulong)state.Stalled.Count);
        foreach (var stalled in state.Stalled)
        {
            var message = stalled.Message.Encode();
            writer.Peer(stalled.Sender).Number((ulong)message.Length).Raw(message);
        }

        writer.Number((ulong)state.Passed.Count);
        foreach (var passed in state.Passed)
            writer.Peer(passed);
        writer.Byte(state.Granted is null ? (byte)0 : (byte)1);
        if (state.Granted is { } granted)
            writer.Peer(granted.Peer).Number(granted.Attempt);
    }

    public static ClusterState Read(ref ByteReader reader)
    {
        var informed = ImmutableList.CreateBuilder<InformedPeer>();
        for (var count = reader.Count(ClusterLimits.MaxNodes * 2); count > 0 && !reader.HasFailed; count--)
        {
            var (peer, isMember, node) = (reader.Peer(), reader.Byte() != 0, reader.Node());
            if (node is not null)
                informed.Add(new InformedPeer(peer, node, isMember));
        }

        var pending = ImmutableList.CreateBuilder<PendingJoin>();
        for (var count = reader.Count(ClusterLimits.MaxNodes * 2); count > 0 && !reader.HasFailed; count--)
        {
            var (peer, attempt, node) = (reader.Peer(), (uint)reader.Number(uint.MaxValue), reader.Node());
            if (node is not null)
                pending.Add(new PendingJoin(peer, attempt, node, default, null));
        }

        var blocks = ImmutableList.CreateBuilder<TicketOf>();
        for (var count = reader.Count(ClusterLimits.MaxBlocks); count > 0 && !reader.HasFailed; count--)
            blocks.Add(new TicketOf(reader.Peer(), reader.Number(ulong.MaxValue)));
        var locks = ImmutableSortedDictionary.CreateBuilder<ulong, ImmutableList<TicketOf>>();
        for (var count = reader.Count(ClusterLimits.MaxLocks); count > 0 && !reader.HasFailed; count--)
        {
            var id = reader.Number(ulong.MaxValue);
            var owners = ImmutableList.CreateBuilder<TicketOf>();
            for (var waiting = reader.Count(ClusterLimits.MaxLocks); waiting > 0 && !reader.HasFailed; waiting--)
                owners.Add(new TicketOf(reader.Peer(), reader.Number(ulong.MaxValue)));
            locks[id] = owners.ToImmutable();
        }

        var version = reader.Number(ulong.MaxValue);
        var stalled = ImmutableList.CreateBuilder<StalledMessage>();
        for (var count = reader.Count(ClusterLimits.MaxRecorded); count > 0 && !reader.HasFailed; count--)
        {
            var sender = reader.Peer();
            var bytes = reader.Raw(reader.Count(StalledBytesMax));
            // Answers do not wait, so no state lies within a state.
            if (bytes is [(byte)ClusterMessageKind.Accept or (byte)ClusterMessageKind.Grant, ..]
                || ClusterMessage.TryDecode(bytes) is not { } message)
                reader.Fail();
            else
                stalled.Add(new StalledMessage(sender, message, null));
        }

        var passed = ImmutableList.CreateBuilder<PeerId>();
        for (var count = reader.Count(ClusterLimits.MaxNodes); count > 0 && !reader.HasFailed; count--)
            passed.Add(reader.Peer());
        (PeerId, uint)? granted = reader.Byte() != 0 ? (reader.Peer(), (uint)reader.Number(uint.MaxValue)) : null;
        return new ClusterState
        {
            Granted = granted,
            Passed = passed.ToImmutable(),
            Version = version,
            Stalled = stalled.ToImmutable(),
            Informed = informed.ToImmutable(),
            Pending = pending.ToImmutable(),
            Blocks = blocks.ToImmutable(),
            Locks = locks.ToImmutable(),
        };
    }
}
