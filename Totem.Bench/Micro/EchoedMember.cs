using Totem.Core;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Bench.Micro;

/// <summary>
/// Member 2 of a ring of two in memory. Once the ring stands, member 1 is an echo: the token comes back with its next
/// number, and says that everything was received. So a visit is measured and nothing else. Member 2, because member 1
/// would hold an idle token.
/// </summary>
internal sealed class EchoedMember
{
    private const int StepsMax = 100_000;
    private static readonly TimeSpan Step = TimeSpan.FromMicroseconds(10);
    private static readonly ProcessorId Echo = new(1);
    private static readonly ProcessorId Self = new(2);

    private readonly RingProcessor _engine = new(new RingOptions { Self = Self }, 0);
    private readonly byte[] _buffer = new byte[WireFormat.MaxFrameBytes];
    private readonly byte[] _tokenFrame = new byte[WireFormat.RegularTokenBytes];
    private RegularToken _token;
    private Instant _now;

    private EchoedMember()
    {
    }

    /// <summary>Forms the ring.</summary>
    public static EchoedMember Operational()
    {
        var member = new EchoedMember();
        member.Form();
        return member;
    }

    /// <summary>One visit.</summary>
    /// <returns>How many messages were delivered.</returns>
    public int Visit(ReadOnlySpan<byte> payload, int messages)
    {
        _now += Step;
        for (var i = 0; i < messages; i++)
            _engine.TrySubmit(payload, Guarantee.Agreed, _now);
        var writer = new WireWriter(_tokenFrame);
        (_token with
        {
            Header = new FrameHeader(FrameKind.RegularToken, Encapsulation.None, Echo),
            TokenSeq = _token.TokenSeq.Next,
            Aru = _token.Seq,
            AruSetter = ProcessorId.None,
            RequestCount = 0,
        }).Write(ref writer);
        _engine.HandleDatagram(_tokenFrame, _now);

        while (_engine.TryTransmit(_buffer, out var transmit))
            NoteToken(transmit, _buffer.AsSpan(0, transmit.LengthBytes));
        var delivered = 0;
        while (_engine.TryDeliver(out var delivery))
            delivered += delivery.Change is null ? 1 : 0;
        return delivered;
    }

    private bool NoteToken(in Transmit transmit, ReadOnlySpan<byte> frame)
    {
        if (transmit.IsMulticast || RegularToken.TryRead(frame, out var token, out _) != DecodeResult.Ok)
            return false;
        _token = token;
        return true;
    }

    // Both engines, a datagram at a time, until ours passes the token on a ring of both.
    private void Form()
    {
        var other = new RingProcessor(new RingOptions { Self = Echo }, 0);
        RingProcessor[] engines = [other, _engine];
        var wire = new Queue<(RingProcessor To, byte[] Frame)>();
        foreach (var engine in engines)
            engine.Start(_now);
        for (var step = 0; step < StepsMax; step++)
        {
            foreach (var engine in engines)
            {
                if (Drain(engine, engines, wire) && engines.All(IsWhole))
                    return;
            }

            if (wire.TryDequeue(out var next))
            {
                _now += Step;
                next.To.HandleDatagram(next.Frame, _now);
                continue;
            }

            _now = engines.Min(x => x.NextDeadline ?? _now + Step);
            foreach (var engine in engines)
                engine.HandleDeadline(_now);
        }

        throw new InvalidOperationException("two engines in memory formed no ring");
    }

    // True when ours has passed the token on, and nothing else is on its way.
    private bool Drain(RingProcessor engine, RingProcessor[] engines, Queue<(RingProcessor To, byte[] Frame)> wire)
    {
        if (engine.PendingStore is { } sequence)
            engine.HandleStored(sequence);
        var hasPassed = false;
        while (engine.TryTransmit(_buffer, out var transmit))
        {
            var frame = _buffer.AsSpan(0, transmit.LengthBytes).ToArray();
            hasPassed |= engine == _engine && wire.Count == 0 && NoteToken(transmit, frame);
            foreach (var to in engines)
            {
                if (transmit.IsMulticast ? to != engine : to.Options.Self == transmit.Destination)
                    wire.Enqueue((to, frame));
            }
        }

        while (engine.TryDeliver(out _))
        {
            // Configurations.
        }

        return hasPassed && wire.Count == 1;
    }

    private static bool IsWhole(RingProcessor engine) =>
        engine.Phase == RingPhase.Operational && engine.Installed is { Members.Count: 2 };
}
