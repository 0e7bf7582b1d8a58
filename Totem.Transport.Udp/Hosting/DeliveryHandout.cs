using Totem.Core;
using Totem.Core.Time;
using Totem.Transport.Udp.Diagnostics;

namespace Totem.Transport.Udp.Hosting;

/// <summary>Hands what is delivered to those it is for: the handler or stream of the node, its groups, or the host
/// itself. The ring's thread.</summary>
internal sealed class DeliveryHandout(
    GroupProcessor processor, StreamRoom room, GroupHost groups, HandlerWaits waits, DeliveryHandler? handler,
    RingReporter reporter,
    NodeCounters counters, Action<string> handleKill, ReloadDesk reloads, HostClock clock)
{
    /// <summary>Deliveries between two looks at the network: an application that lags must not stop
    /// the token.</summary>
    private const int DeliveriesPerDrainMax = 1024;

    /// <summary>The rest waits for the next turn.</summary>
    public bool HasMore { get; private set; }

    /// <summary>Hands out what may be delivered, up to a limit.</summary>
    public void Deliver(Instant now)
    {
        var (messages, bytes) = (0, 0L);
        var budget = DeliveriesPerDrainMax;
        while (budget > 0 && room.MayDeliver(processor.MustDeliver) && processor.TryDeliver(now, out var delivery))
        {
            budget--;
            waits.NoteReturn();
            switch (delivery.Kind)
            {
                case GroupDeliveryKind.Ring:
                    var element = delivery.Ring;
                    if (element.Change is { } change)
                    {
                        reporter.OnChange(change);
                        reloads.HandleMembers(change.Configuration.Members);
                    }
                    else
                    {
                        messages++;
                    }

                    bytes += element.Payload.Length;
                    room.NoteDelivered(element.Payload.Length);
                    if (handler is not null)
                        handler(in element);
                    else
                        room.Add(in element);
                    break;
                case GroupDeliveryKind.KillRequested:
                    handleKill(delivery.Text!);
                    break;
                case GroupDeliveryKind.ReloadRequested:
                    reloads.HandleReload(delivery.Node);
                    break;
                case GroupDeliveryKind.KeyStep:
                    reloads.HandleKeyStep(delivery.Node, delivery.Phase);
                    break;
                default:
                    messages += delivery.Kind == GroupDeliveryKind.Message ? 1 : 0;
                    bytes += delivery.Payload.Length;
                    room.NoteDelivered(delivery.Payload.Length);
                    groups.Deliver(in delivery);
                    break;
            }
        }

        HasMore = budget == 0;
        if (budget == DeliveriesPerDrainMax)
            return;
        clock.TickAfterHandlers();
        counters.MessagesDelivered += messages;
        counters.BytesDelivered += bytes;
        room.Signal();
    }
}
