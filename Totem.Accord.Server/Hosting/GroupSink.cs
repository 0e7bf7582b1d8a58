using System.Buffers;
using Totem.Accord.Server.Connections;

namespace Totem.Accord.Server.Hosting;

/// <summary>Takes the group's order on the ring's thread, and hands it on. It always has room, so that a conductor
/// never holds up the ring; one that falls too far behind stops instead.</summary>
internal sealed class GroupSink(IConductorInbox inbox) : IGroupSink
{
    /// <inheritdoc />
    public bool HasRoom => true;

    /// <inheritdoc />
    public void OnDelivery(in GroupDelivery delivery)
    {
        switch (delivery.Kind)
        {
            case GroupDeliveryKind.Message:
                var bytes = ArrayPool<byte>.Shared.Rent(delivery.Payload.Length);
                delivery.Payload.CopyTo(bytes);
                inbox.Post(new ConductorInput(InputKind.Message)
                {
                    Sender = delivery.Sender.Node, Bytes = bytes, Length = delivery.Payload.Length,
                });
                break;
            case GroupDeliveryKind.Change:
                inbox.Post(new ConductorInput(InputKind.Change) { Change = delivery.Change });
                break;
            case GroupDeliveryKind.Transitional:
                inbox.Post(new ConductorInput(InputKind.Transitional));
                break;
            default:
                break;
        }
    }
}
