using Totem.Core.Diagnostics;
using Totem.Core.Ordering;
using Totem.Core.Packing;

namespace Totem.Core.Groups;

/// <summary>Writes what stands before our messages, in the encoding the present ring has agreed on.</summary>
internal sealed class GroupEnvelopes(ProcessorId self) : IEnvelopes
{
    private readonly Dictionary<ushort, GroupMembership> _memberships = [];

    /// <summary>Every member of the ring is ours.</summary>
    public bool IsCompact { get; set; } = true;

    public IReadOnlyDictionary<ushort, GroupMembership> Memberships => _memberships;

    public void Add(GroupMembership membership)
    {
        Invariant.That(membership.Tag != 0, "a membership has a number");
        _memberships.Add(membership.Tag, membership);
    }

    public void Remove(GroupMembership membership) => _memberships.Remove(membership.Tag);

    /// <summary>The membership of ours that this is, unless it has left: then the name and process may be another one's
    /// already.</summary>
    public GroupMembership? Find(ReadOnlySpan<byte> name, uint pid)
    {
        foreach (var membership in _memberships.Values)
        {
            if (membership.Pid == pid && membership.State != GroupMembershipState.Left
                && name.SequenceEqual(membership.Group.Bytes))
                return membership;
        }

        return null;
    }

    public int BytesOf(in Envelope envelope)
    {
        if (envelope.Channel != MessageChannel.Groups || envelope.Tag == 0)
            return MessageAddress.Of(envelope.Channel).Length;
        var kind = (GroupMessageKind)envelope.Kind;
        if (IsCompact)
            return MessageAddress.Groups.Length + CompactEncoding.BytesOf(kind, _memberships[envelope.Tag]);
        return MessageAddress.Services.Length + kind switch
        {
            GroupMessageKind.Message => ServiceFormat.MessageHeaderBytes,
            GroupMessageKind.Part => ServiceFormat.PartHeaderBytes,
            _ => ServiceFormat.MemberBytes,
        };
    }

    public void Write(in Envelope envelope, int payloadBytes, Span<byte> destination)
    {
        Invariant.That(destination.Length == BytesOf(envelope), "an envelope is as long as it was said to be");
        if (envelope.Channel != MessageChannel.Groups || envelope.Tag == 0)
        {
            MessageAddress.Of(envelope.Channel).CopyTo(destination);
            return;
        }

        var kind = (GroupMessageKind)envelope.Kind;
        var member = _memberships[envelope.Tag];
        if (IsCompact)
        {
            MessageAddress.Groups.CopyTo(destination);
            CompactEncoding.Write(
                destination[MessageAddress.Groups.Length..], kind, member, envelope.Detail, envelope.WholeBytes);
            return;
        }

        MessageAddress.Services.CopyTo(destination);
        destination = destination[MessageAddress.Services.Length..];
        switch (kind)
        {
            case GroupMessageKind.Message:
                CorosyncEncoding.WriteMessage(destination, self, member, payloadBytes);
                break;
            case GroupMessageKind.Part:
                CorosyncEncoding.WritePart(
                    destination, self, member, (MessagePart)envelope.Detail, envelope.WholeBytes, payloadBytes);
                break;
            default:
                CorosyncEncoding.WriteMember(
                    destination, kind == GroupMessageKind.Join, member, (GroupChangeReason)envelope.Detail);
                break;
        }
    }
}
