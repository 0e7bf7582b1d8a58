using Totem.Core;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Simulation.Cluster;

/// <summary>
/// Watches the token where it rests (docs/design/token.md): it lets go, or is lent, in the same turn in which somebody asks for it, and it stays no
/// longer than a hold, whatever becomes of what was asked.
/// </summary>
internal sealed class RestWatch(RingOptions options)
{
    // A host that is busy looks at the clock late; a token that never left would be missed soon after this.
    private readonly TimeSpan _limit = (options.TokenHold + options.TokenTimeout) / 2;

    private Instant? _since;
    private bool _isReported;

    /// <summary>The processor stood still, and so did the token.</summary>
    public void HandlePause(TimeSpan length) => _since += length;

    /// <summary>The processor was given this datagram, or a deadline passed. Says what is wrong with where the token is now; else null.</summary>
    public string? Objection(RingProcessor engine, bool hadToken, ReadOnlySpan<byte> datagram, Instant now)
    {
        if (!engine.HasToken)
        {
            (_since, _isReported) = (null, false);
            return null;
        }

        // It may have gone and come again between two looks.
        if (!hadToken)
            (_since, _isReported) = (null, false);
        if (hadToken && HoldCancel.TryRead(datagram, out var cancel) == DecodeResult.Ok && IsMeant(engine, cancel))
            return $"keeps the token although {cancel.Header.Node} asks for it";
        _since ??= now;
        var rested = now - _since.Value;
        if (rested <= _limit || _isReported)
            return null;
        _isReported = true;
        return $"keeps the token for {rested.TotalMilliseconds} ms";
    }

    private static bool IsMeant(RingProcessor engine, in HoldCancel cancel) =>
        engine.Installed is { } installed && cancel.Ring == installed.Ring && installed.Members.Contains(cancel.Header.Node);
}
