using Totem.Core;
using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Tests.Core.Wire;

namespace Totem.Tests.Core;

/// <summary>
/// Processor 2 of a ring of three, stopped in a phase, with two rings behind it; the token that
/// would move it on is kept.
/// </summary>
internal sealed class StoppedProcessor
{
    public static readonly ProcessorId Self = new(2);
    public static readonly ProcessorSet Members = ProcessorSet.Of(new(1), new(2), new(3));

    private readonly InMemoryRing _ring;
    private bool _keepsTokens;
    private byte[]? _keptToken;

    private StoppedProcessor(Func<RingOptions, RingOptions>? with)
    {
        _ring = new InMemoryRing(3, with) { Passes = Watch };
        _ring.StartAll().RunUntilOneRing();
        Previous = Ring;
        LoseToken();
        _ring.RunUntilOneRing();
        _ring.RunFor(TimeSpan.FromMilliseconds(1));
    }

    public RingProcessor Engine => _ring[2].Engine;

    public EventTally Events => _ring[2].Events;

    /// <summary>The ring it is on or has committed to.</summary>
    public RingId Ring => Events.RingOf(RingEventKind.EnteredCommit);

    /// <summary>The ring before that one.</summary>
    public RingId Previous { get; private set; }

    /// <summary>The regular token that came last, or would have come next.</summary>
    public TokenFrame Token => (TokenFrame)AnyFrame.Read(_keptToken!);

    /// <summary>The frames that it has sent since it was stopped.</summary>
    public List<FrameKind> Sent { get; } = [];

    public static StoppedProcessor In(RingPhase phase, Func<RingOptions, RingOptions>? with = null)
    {
        var stopped = new StoppedProcessor(with);
        stopped.StopIn(phase);
        return stopped;
    }

    public void Take(AnyFrame frame) => _ring.Inject(2, frame.Encode());

    public void Take(ReadOnlySpan<byte> frame) => _ring.Inject(2, frame);

    /// <summary>Lets the ring go on from here; what was kept stays lost.</summary>
    public InMemoryRing GoOn()
    {
        _keepsTokens = false;
        return _ring;
    }

    private void StopIn(RingPhase phase)
    {
        if (phase is RingPhase.Commit or RingPhase.Recovery)
            Previous = Ring;
        if (phase != RingPhase.Operational)
            LoseToken();
        Step(() => Engine.Phase == phase, phase);
        if (phase is RingPhase.Recovery or RingPhase.Operational)
        {
            _keepsTokens = true;
            _keptToken = null;
            Step(() => _keptToken is not null, phase);
        }

        Assert.Equal(phase, Engine.Phase);
        Sent.Clear();
    }

    private void LoseToken()
    {
        _keepsTokens = true;
        Step(() => Engine.Phase == RingPhase.Gather, RingPhase.Gather);
        _keepsTokens = false;
    }

    private void Step(Func<bool> condition, RingPhase phase) =>
        _ring.RunUntil(condition, TimeSpan.FromSeconds(2), $"stopped in {phase}");

    private bool Watch(ProcessorId from, ProcessorId to, ReadOnlySpan<byte> frame)
    {
        if (from == Self)
            Sent.Add((FrameKind)frame[3]);
        if ((FrameKind)frame[3] != FrameKind.RegularToken || to != Self)
            return true;
        _keptToken = frame.ToArray();
        return !_keepsTokens;
    }
}
