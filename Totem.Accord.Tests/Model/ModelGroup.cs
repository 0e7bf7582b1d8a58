using System.Buffers;
using Totem.Accord.Clients;
using Totem.Accord.Components;
using Totem.Core.Time;

namespace Totem.Accord.Tests.Model;

/// <summary>Conductors on a total order without faults: each message reaches all at once.</summary>
internal sealed class ModelGroup
{
    private readonly List<ModelConductor> _conductors = [];
    private ulong _ring;

    public ModelGroup(int count, int votersWanted = 1)
    {
        for (var i = 1u; i <= count; i++)
            _conductors.Add(new ModelConductor(i, votersWanted));
        Change();
    }

    public Instant Now { get; private set; } = new(1);

    public ModelConductor this[int index] => _conductors[index];

    public IReadOnlyList<ModelConductor> All => _conductors;

    /// <summary>One more conductor joins the group.</summary>
    public ModelConductor Join(uint node, int votersWanted = 1)
    {
        var conductor = new ModelConductor(node, votersWanted);
        _conductors.Add(conductor);
        Change();
        return conductor;
    }

    /// <summary>A conductor dies.</summary>
    public void Kill(ModelConductor conductor)
    {
        _conductors.Remove(conductor);
        foreach (var other in _conductors)
            other.Machine.HandleTransitional(Now);
        Change();
    }

    /// <summary>Time passes, and everything settles.</summary>
    public void Pass(TimeSpan time)
    {
        Now += time;
        foreach (var conductor in _conductors)
            conductor.Machine.HandleDeadline(Now);
        Settle();
    }

    /// <summary>Delivers until nobody has anything to send.</summary>
    public void Settle()
    {
        bool isMore;
        do
        {
            isMore = false;
            foreach (var conductor in _conductors.ToArray())
            {
                if (conductor.Machine.TryTransmit(out var message))
                {
                    var copy = message.ToArray();
                    conductor.Machine.HandleTransmitted();
                    foreach (var other in _conductors)
                        other.Machine.HandleMessage(conductor.Node, copy, Now);
                    isMore = true;
                }

                isMore |= Transfer(conductor);
                isMore |= conductor.CloseClients(Now);
            }
        }
        while (isMore);
    }

    private bool Transfer(ModelConductor conductor)
    {
        if (conductor.Machine.TransferWanted is not { } wanted)
            return false;
        var donor = _conductors.Find(x => wanted.Donors.Contains(x.Address, StringComparer.Ordinal)
            && x.Machine.Offer(wanted.Component) is not null);
        if (donor is null)
            return false;
        foreach (var block in donor.Machine.Offer(wanted.Component)!.Blocks())
        {
            // Cut anywhere, as TCP does.
            for (var at = 0; at < block.Length; at += 1000)
                Assert.True(
                    conductor.Machine.HandleTransferred(block.Span[at..Math.Min(block.Length, at + 1000)], Now));
        }

        return true;
    }

    private void Change()
    {
        _ring += 4;
        var ring = new RingId(_conductors.Min(x => x.Node), _ring);
        GroupMember[] members = [.. _conductors.Select(x => new GroupMember(x.Node, 1)).Order()];
        foreach (var conductor in _conductors)
            conductor.Machine.HandleChange(ring, members, Now);
        Settle();
    }
}

/// <summary>A conductor of it, with its clients.</summary>
internal sealed class ModelConductor
{
    public ModelConductor(uint node, int votersWanted, ulong life = 0)
    {
        Node = new ProcessorId(node);
        Machine = new Conductor(new ConductorOptions
        {
            Self = new ConductorId(Node, life == 0 ? 1000 + node : life),
            VotersWanted = votersWanted,
            Address = Address,
        });
    }

    public ProcessorId Node { get; }

    public string Address => $"node{Node}";

    public Conductor Machine { get; }

    public List<ModelClient> Clients { get; } = [];

    public ModelClient Connect(Instant now)
    {
        var output = new ArrayBufferWriter<byte>();
        var client = new ModelClient(this, output, Machine.HandleConnected(output, now));
        Clients.Add(client);
        return client;
    }

    public bool CloseClients(Instant now)
    {
        var any = false;
        while (Machine.TryTakeClosing(out var seat, out var reason))
        {
            any = true;
            Clients.Single(x => x.Seat == seat).Closed = reason;
            Machine.HandleDisconnected(seat, now);
        }

        return any;
    }
}

/// <summary>A client of the old dialect.</summary>
internal sealed class ModelClient(ModelConductor conductor, ArrayBufferWriter<byte> output, ClientSeat seat)
{
    private int _taken;

    public ClientSeat Seat => seat;

    public ModelConductor Conductor => conductor;

    /// <summary>Why the conductor closed it.</summary>
    public string? Closed { get; set; }

    public bool Send(byte[] request, Instant now) => conductor.Machine.HandleRequest(seat, request, now);

    public void Close(Instant now) => conductor.Machine.HandleDisconnected(seat, now);

    /// <summary>The messages that have come since the last call.</summary>
    public List<byte[]> Take()
    {
        var messages = new List<byte[]>();
        while (output.WrittenCount - _taken >= 32)
        {
            var length = 32 + BitConverter.ToInt32(output.WrittenSpan[(_taken + 4)..]);
            messages.Add(output.WrittenSpan.Slice(_taken, length).ToArray());
            _taken += length;
        }

        Assert.Equal(_taken, output.WrittenCount);
        return messages;
    }
}
