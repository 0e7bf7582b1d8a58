using Totem.Core;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Simulation.Model;

namespace Totem.Tests.Core;

/// <summary>
/// Engines 1 to n on a perfect network, a datagram at a time on virtual time: the smallest host there can be, so that a
/// test may stop anywhere, and feed one engine what no other sent. Once warm it allocates nothing of its own.
/// </summary>
internal sealed class InMemoryRing
{
    private static readonly TimeSpan DatagramTime = TimeSpan.FromMicroseconds(50);

    private readonly InMemoryMember[] _members;
    private readonly Queue<Datagram> _wire = new();
    private readonly Stack<byte[]> _spare = new();
    private readonly byte[] _buffer = new byte[WireFormat.MaxFrameBytes];

    public InMemoryRing(int count, Func<RingOptions, RingOptions>? with = null)
    {
        _members = new InMemoryMember[count];
        for (var i = 0; i < count; i++)
        {
            var options = ClusterSetup.FastOptions with { Self = new ProcessorId((uint)(i + 1)) };
            _members[i] = new InMemoryMember(with?.Invoke(options) ?? options);
        }
    }

    /// <summary>Sees every datagram that is sent; false loses it on its way to this receiver.</summary>
    public delegate bool Gate(ProcessorId from, ProcessorId to, ReadOnlySpan<byte> frame);

    public Gate? Passes { get; set; }

    public Instant Now { get; private set; }

    public int Count => _members.Length;

    public InMemoryMember this[int id] => _members[id - 1];

    public InMemoryRing Start(int id)
    {
        this[id].Begin(Now);
        Drain(id);
        return this;
    }

    public InMemoryRing StartAll()
    {
        for (var id = 1; id <= Count; id++)
            Start(id);
        return this;
    }

    /// <summary>The process dies, keeping what it stored, and another takes its place at once.</summary>
    public InMemoryRing Restart(int id) => Start(id);

    /// <summary>An engine takes this datagram now.</summary>
    public void Inject(int id, ReadOnlySpan<byte> frame)
    {
        this[id].Engine.HandleDatagram(frame, Now);
        Drain(id);
    }

    public SubmitResult Submit(int id, ReadOnlySpan<byte> payload, Guarantee guarantee = Guarantee.Agreed)
    {
        var result = this[id].Engine.TrySubmit(payload, guarantee, Now);
        Drain(id);
        return result;
    }

    /// <summary>The next datagram arrives; when there is none, time passes until somebody's deadline.</summary>
    public void Step()
    {
        if (_wire.TryDequeue(out var next))
        {
            Now += DatagramTime;
            this[next.To].Engine.HandleDatagram(next.Buffer.AsSpan(0, next.Length), Now);
            _spare.Push(next.Buffer);
            Drain(next.To);
        }
        else
        {
            var earliest = NextDeadline();
            Now = earliest > Now ? earliest : Now;
        }

        for (var id = 1; id <= Count; id++)
        {
            if (this[id].Earliest is not { } deadline || deadline > Now)
                continue;
            this[id].Engine.HandleDeadline(Now);
            Drain(id);
        }
    }

    public void RunFor(TimeSpan duration)
    {
        for (var end = Now + duration; Now < end;)
            Step();
    }

    /// <summary>Steps until the condition holds.</summary>
    public InMemoryRing RunUntil(Func<bool> condition, TimeSpan limit, string what)
    {
        for (var end = Now + limit; !condition(); Step())
        {
            if (Now > end)
                Assert.Fail($"not {what} within {limit.TotalSeconds} s: "
                    + $"{string.Join("; ", _members.Select(x => x.ToString()))}");
        }

        return this;
    }

    /// <summary>Steps until all are operational on one ring of all.</summary>
    public InMemoryRing RunUntilOneRing(TimeSpan? limit = null) =>
        RunUntil(IsOneRing, limit ?? TimeSpan.FromSeconds(5), "one ring");

    /// <summary>A ring of all members that stands and is settled.</summary>
    public static InMemoryRing Operational(int count, Func<RingOptions, RingOptions>? with = null)
    {
        var ring = new InMemoryRing(count, with).StartAll().RunUntilOneRing();
        ring.RunFor(TimeSpan.FromMilliseconds(1));
        return ring;
    }

    public bool IsOneRing()
    {
        foreach (var member in _members)
        {
            if (member.Engine.Phase != RingPhase.Operational || member.Engine.Installed!.Members.Count != Count
                || member.Engine.Installed.Ring != _members[0].Engine.Installed!.Ring)
                return false;
        }

        return true;
    }

    private Instant NextDeadline()
    {
        var earliest = new Instant(long.MaxValue);
        foreach (var member in _members)
        {
            if (member.Earliest is { } deadline && deadline < earliest)
                earliest = deadline;
        }

        return earliest;
    }

    private void Drain(int id)
    {
        var member = this[id];
        member.Store();
        while (member.Engine.TryTransmit(_buffer, out var transmit))
        {
            for (var to = 1; to <= Count; to++)
            {
                if (transmit.IsMulticast ? to != id : transmit.Destination.Value == to)
                    Send(member.Engine.Options.Self, to, _buffer.AsSpan(0, transmit.LengthBytes));
            }
        }

        member.Deliver();
    }

    private void Send(ProcessorId from, int to, ReadOnlySpan<byte> frame)
    {
        if (Passes is { } passes && !passes(from, new ProcessorId((uint)to), frame))
            return;
        var buffer = frame.Length <= 2048 && _spare.TryPop(out var spare) ? spare
            : new byte[Math.Max(2048, frame.Length)];
        frame.CopyTo(buffer);
        _wire.Enqueue(new Datagram(to, buffer, frame.Length));
    }

    private readonly record struct Datagram(int To, byte[] Buffer, int Length);
}

/// <summary>One engine, its stable storage and its application.</summary>
internal sealed class InMemoryMember(RingOptions options)
{
    public RingProcessor Engine { get; private set; } = new(options, 0);

    public EventTally Events { get; } = new();

    public ulong Stored { get; private set; }

    /// <summary>Messages delivered, in all lives.</summary>
    public int DeliveredCount { get; private set; }

    /// <summary>A hash over the payloads since <see cref="ForgetOrder"/>, which depends on their order.</summary>
    public ulong OrderHash { get; private set; }

    public Instant? Earliest => Engine.NextDeadline;

    /// <summary>False while the application takes nothing.</summary>
    public bool IsTaking { get; set; } = true;

    /// <summary>False while stable storage does not answer.</summary>
    public bool IsStoring { get; set; } = true;

    public void Begin(Instant now)
    {
        Engine = new RingProcessor(options, Stored, Events);
        Engine.Start(now);
    }

    public void ForgetOrder() => (OrderHash, DeliveredCount) = (0, 0);

    public void Store()
    {
        if (!IsStoring || Engine.PendingStore is not { } sequence)
            return;
        Stored = sequence;
        Engine.HandleStored(sequence);
    }

    public void Deliver()
    {
        while (IsTaking && Engine.TryDeliver(out var delivery))
        {
            if (delivery.Change is null)
                Count(delivery);
        }
    }

    public override string ToString() =>
        $"{options.Self} is in {Engine.Phase}, installed {Engine.Installed}, stored {Stored}, last reported "
            + $"{string.Join(Environment.NewLine, Events.Last)}";

    private void Count(in Delivery delivery)
    {
        DeliveredCount++;
        foreach (var one in delivery.Payload)
            OrderHash = unchecked((OrderHash ^ one) * 0x100_0000_01B3);
    }
}
