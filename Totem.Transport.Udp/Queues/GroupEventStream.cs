using Totem.Core;

namespace Totem.Transport.Udp.Queues;

/// <summary>The fields that go with the bytes of a message to a group.</summary>
internal readonly record struct GroupEventHeader(
    GroupEventKind Kind, GroupMember Sender, RingId Ring, Guarantee Guarantee, Seq Seq = default, int Index = 0);

/// <summary>The stream of one group on its way to its reader.</summary>
internal sealed class GroupEventStream : EventStream<GroupEventHeader, GroupEvent>, IGroupSink
{
    /// <summary>Long messages go beside the queue; this many bytes of them and no more.</summary>
    private const long LongBytesMax = 64 << 20;

    private readonly Action _wake;
    private long _longBytes;

    public GroupEventStream(int capacityBytes, Action wake)
        : base(capacityBytes, wake) => _wake = wake;

    bool IGroupSink.HasRoom => HasRoom() && Interlocked.Read(ref _longBytes) < LongBytesMax;

    public void OnDelivery(in GroupDelivery delivery)
    {
        switch (delivery.Kind)
        {
            case GroupDeliveryKind.Message:
                var header = new GroupEventHeader(
                    GroupEventKind.Message, delivery.Sender, delivery.Ring.Ring, delivery.Ring.Guarantee,
                    delivery.Ring.Seq, delivery.Ring.Index);
                // A message that came in parts may be longer than the queue: it goes beside it.
                if (delivery.Payload.Length <= GroupProcessor.MaxMessageBytes)
                {
                    Add(header, delivery.Payload, null);
                    break;
                }

                Interlocked.Add(ref _longBytes, delivery.Payload.Length);
                Add(header, [], delivery.Payload.ToArray());
                break;
            case GroupDeliveryKind.Change:
                AddChange(GroupEventKind.Change, delivery.Change!);
                break;
            case GroupDeliveryKind.Transitional:
                AddChange(GroupEventKind.Transitional, delivery.Change!);
                break;
            default:
                break;
        }
    }

    private void AddChange(GroupEventKind kind, GroupChange change)
    {
        const int memberBytes = 16;
        AddObject(
            new GroupEventHeader(kind, default, change.Ring, Guarantee.Agreed), change,
            memberBytes * (change.Members.Count + change.Joined.Count + change.Left.Count));
    }

    protected override GroupEvent Create(in GroupEventHeader header, ReadOnlySpan<byte> payload, object? with)
    {
        if (with is byte[] whole)
        {
            if (Interlocked.Add(ref _longBytes, -whole.Length) < LongBytesMax)
                _wake();
            return new GroupEvent(
                header.Kind, null, header.Sender, header.Ring, header.Guarantee, whole, header.Seq, header.Index);
        }

        return new GroupEvent(
            header.Kind, (GroupChange?)with, header.Sender, header.Ring, header.Guarantee,
            header.Kind == GroupEventKind.Message ? payload.ToArray() : [], header.Seq, header.Index);
    }
}
