using System.Buffers;
using Totem.Accord.Components;
using Totem.Accord.Replication;
using Totem.Core.Groups;
using Totem.Simulation.Cluster;

namespace Totem.Accord.Tests.Simulation;

/// <summary>A conductor on a simulated processor, in one of its lives. Its state is in memory and ends with
/// it.</summary>
internal sealed class SimulatedConductor : IGroupGuest
{
    private static readonly GroupName Group = GroupName.Parse("accord");

    private readonly AccordWorld _world;
    private readonly GuestSeat _seat;
    private GroupMembership? _membership;
    private ComponentId _fetched;
    private ReplicaPhase? _phase;

    public SimulatedConductor(AccordWorld world, GuestSeat seat)
    {
        _world = world;
        _seat = seat;
        Machine = new Conductor(new ConductorOptions
        {
            Self = Self,
            VotersWanted = world.Voters,
            Address = seat.Node.ToString(),
        });
    }

    public ProcessorId Node => _seat.Node;

    public ConductorId Self => new(_seat.Node, ((ulong)_seat.Node.Value << 32) + (ulong)_seat.Life);

    public Conductor Machine { get; }

    public bool IsAlive { get; private set; } = true;

    /// <summary>Its clients, while they are connected.</summary>
    public List<SimulatedClient> Clients { get; } = [];

    public SimulatedClient Connect(int number)
    {
        var output = new ArrayBufferWriter<byte>();
        var client = new SimulatedClient(
            _world, this, number, output, Machine.HandleConnected(output, _seat.Cluster.Now));
        Clients.Add(client);
        return client;
    }

    public void OnDelivery(in GroupDelivery delivery)
    {
        var now = _seat.Cluster.Now;
        switch (delivery.Kind)
        {
            case GroupDeliveryKind.Message:
                Machine.HandleMessage(delivery.Sender.Node, delivery.Payload, now);
                break;
            case GroupDeliveryKind.Change:
                Machine.HandleChange(delivery.Change!.Ring, delivery.Change.Members, now);
                break;
            case GroupDeliveryKind.Transitional:
                Machine.HandleTransitional(now);
                break;
            default:
                break;
        }

        GiveOut();
    }

    public bool Work()
    {
        var took = false;
        if (_membership is null && _seat.Processor.CanJoin(Group, 1))
            took = _seat.Processor.TryJoin(Group, 1, null, _seat.Cluster.Now, out _membership)
                == SubmitResult.Accepted;
        while (_membership is not null && Machine.TryTransmit(out var message)
            && _seat.Processor.TrySubmit(_membership, message, Guarantee.Safe, _seat.Cluster.Now)
                == SubmitResult.Accepted)
        {
            Machine.HandleTransmitted();
            took = true;
        }

        return took;
    }

    public void OnCrash()
    {
        IsAlive = false;
        foreach (var client in Clients.ToArray())
            client.HandleClosed();
    }

    /// <summary>Time has passed.</summary>
    public void HandleDeadline()
    {
        Machine.HandleDeadline(_seat.Cluster.Now);
        GiveOut();
    }

    /// <summary>Gives clients what is theirs, and fetches the state where it is lacking.</summary>
    public void GiveOut()
    {
        var now = _seat.Cluster.Now;
        while (Machine.TryTakeClosing(out var closing, out _))
        {
            Clients.Find(x => x.Seat == closing)?.HandleClosed();
            Machine.HandleDisconnected(closing, now);
        }

        while (Machine.TryTakeDirty(out var seat))
            Clients.Find(x => x.Seat == seat)?.Receive();
        if (Machine.Phase != _phase)
        {
            _phase = Machine.Phase;
            _world.HandlePhase(this);
        }

        _world.HandleState(this);
        Assert.False(Machine.HasFailed);
        Assert.Equal(0, Machine.MalformedCount);
        if (Machine.TransferWanted is { } wanted && wanted.Component != _fetched)
        {
            _fetched = wanted.Component;
            _world.Fetch(this, wanted.Component, wanted.Donors, attempt: 0);
        }
    }
}
