using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Packing;

namespace Totem.Core.Evs;

/// <summary>
/// The one ordered stream upward: messages and configuration changes. What belongs to rings that are over is decided when
/// they end and waits here until the application takes it.
/// </summary>
internal sealed class DeliveryStream(ReceiveWindows windows, ReceiveLanes lanes)
{
    private readonly Queue<Item> _closed = new();
    private RingDelivery? _live;
    private ProcessorSet _left = ProcessorSet.Empty;

    /// <summary>Configuration changes and ended rings that the application has not taken yet.</summary>
    public int WaitingCount => _closed.Count;

    /// <summary>A first ring is installed.</summary>
    public void Open(RingDelivery ring, ConfigurationChange regular)
    {
        Invariant.That(_live is null, "the first ring has no ring before it");
        _closed.Enqueue(new Item(regular, Ring: null, default, Obligation: null));
        _live = ring;
    }

    /// <summary>
    /// A ring follows another. The rest of the old ring's messages is delivered in its regular configuration up to
    /// <paramref name="boundary"/>, and behind it in the transitional one (evs.md, "Where implementations usually go wrong", 1).
    /// </summary>
    public void Follow(
        RingDelivery next, Seq boundary, ProcessorSet obligation, ConfigurationChange transitional, ConfigurationChange regular)
    {
        var old = _live;
        Invariant.That(old is not null, "a ring follows another");
        _closed.Enqueue(new Item(Change: null, old, boundary, Obligation: null));
        _closed.Enqueue(new Item(transitional, Ring: null, default, Obligation: null));
        _closed.Enqueue(new Item(Change: null, old, old.Log.Window.High, obligation));
        _closed.Enqueue(new Item(regular, Ring: null, default, Obligation: null));
        _live = next;
    }

    public bool TryNext(out Delivery delivery)
    {
        while (_closed.TryPeek(out var item))
        {
            if (item.Change is { } change)
            {
                _closed.Dequeue();
                if (change.Configuration.Kind == ConfigurationKind.Transitional)
                    _left = change.Left;
                else
                    lanes.Restart(_left);
                delivery = new Delivery(change);
                return true;
            }

            if (item.Ring!.TryNext(item.Through, item.Obligation, out delivery))
                return true;
            _closed.Dequeue();
            if (item.Obligation is not null)
                windows.Return(item.Ring.Log.Window);
        }

        if (_live is null)
        {
            delivery = default;
            return false;
        }

        if (_live.TryNext(_live.Log.DeliverableThrough, out delivery))
            return true;
        _live.Log.Release();
        return false;
    }

    private readonly record struct Item(ConfigurationChange? Change, RingDelivery? Ring, Seq Through, ProcessorSet? Obligation);
}
