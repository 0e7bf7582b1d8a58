using Totem.Core.Diagnostics;
using Totem.Core.Membership;
using Totem.Core.Ordering;
using Totem.Core.Packing;
using Totem.Core.Recovery;

namespace Totem.Core.Evs;

/// <summary>
/// The one ordered stream upward: messages and configuration changes. A delivery of a ring that is over is decided when
/// the ring ends, and waits here until the application takes it.
/// </summary>
internal sealed class DeliveryStream(ReceiveWindows windows, ReceiveLanes lanes)
{
    private readonly Queue<Item> _closed = new();
    private RingDelivery? _live;
    private ProcessorSet _left = ProcessorSet.Empty;

    /// <summary>Configuration changes and ended rings that the application has not taken yet.</summary>
    public int WaitingCount => _closed.Count;

    /// <summary>
    /// A ring is installed. The rest of the old ring's messages is delivered in its regular configuration up to the
    /// boundary, and behind it in the transitional one (EVS §5, 1).
    /// </summary>
    /// <param name="next">The messages of the new ring.</param>
    /// <param name="recovery">How it came about.</param>
    /// <param name="old">The ring before it; null when it is the first.</param>
    /// <param name="noted">Why the membership changed.</param>
    /// <returns>The new regular configuration.</returns>
    public Configuration Install(RingDelivery next, RecoveryState recovery, InstalledRing? old, in NotedCause noted)
    {
        Invariant.That(recovery.HasPromised, "a ring is installed after its promise");
        var joined = recovery.Members.Except(recovery.Transitional);
        var left = old is null ? ProcessorSet.Empty : old.Members.Except(recovery.Transitional);
        var cause = new ConfigurationCause(noted.Reason, noted.Suspects, noted.LastHolder, noted.Elapsed, joined, left);
        var regular = new Configuration(
            ConfigurationKind.Regular, recovery.NewRing, old?.Id ?? default, recovery.Members);
        if (old is not null)
        {
            var transitional = new Configuration(
                ConfigurationKind.Transitional, recovery.NewRing, old.Id, recovery.Transitional);
            End(
                old.Boundary(recovery.HighDelivered), recovery.Obligation,
                new ConfigurationChange(transitional, ProcessorSet.Empty, left, cause));
        }

        Invariant.That(
            (old is null) == (_live is null), "a ring follows the one that was installed before it, or none");
        var change = new ConfigurationChange(regular, joined, ProcessorSet.Empty, cause);
        _closed.Enqueue(new Item(change, Ring: null, default, Obligation: null));
        _live = next;
        return regular;
    }

    private void End(Seq boundary, ProcessorSet obligation, ConfigurationChange transitional)
    {
        var old = _live;
        Invariant.That(old is not null, "a ring follows another");
        Invariant.That(
            boundary >= old.Log.DeliverableThrough, "what was decided in the old configuration stays decided");
        Invariant.That(boundary <= old.Log.Window.High, "a configuration ends at the last message at the latest");
        Invariant.That(!obligation.IsEmpty, "a processor owes the application its own messages");
        _closed.Enqueue(new Item(Change: null, old, boundary, Obligation: null));
        _closed.Enqueue(new Item(transitional, Ring: null, default, Obligation: null));
        _closed.Enqueue(new Item(Change: null, old, old.Log.Window.High, obligation));
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
            Invariant.That(
                item.Ring.Log.DeliveredThrough >= item.Through, "an ended ring is delivered to where it ends");
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
        Invariant.That(
            _live.Log.DeliveredThrough == _live.Log.DeliverableThrough, "all that is decided has been delivered");
        _live.Log.Release();
        return false;
    }

    private readonly record struct Item(
        ConfigurationChange? Change, RingDelivery? Ring, Seq Through, ProcessorSet? Obligation);
}
