using Totem.Core;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Simulation.Cluster;

/// <summary>
/// Watches the token where it rests (docs/design/token.md): it lets go, or is lent, in the same turn in which somebody
/// asks for it, and when its host looks at the clock it has stayed no longer than a hold, whatever becomes of what was
/// asked.
/// </summary>
internal sealed class RestWatch(RingOptions options)
{
    private Instant? _since;

    /// <summary>The processor stood still, and so did the token.</summary>
    public void HandlePause(TimeSpan length) => _since += length;

    /// <summary>The processor was given this datagram. Says what is wrong with where the token is
    /// now; else null.</summary>
    public string? ObjectionTo(ReadOnlySpan<byte> datagram, RingProcessor engine, bool hadToken, Instant now)
    {
        if (!hadToken)
            _since = null; // It may have gone with a submission.
        if (!engine.HasToken)
            return null;
        _since ??= now;
        return hadToken && HoldCancel.TryRead(datagram, out var cancel) == DecodeResult.Ok && IsMeant(engine, cancel)
            ? $"keeps the token although {cancel.Header.Node} asks for it"
            : null;
    }

    /// <summary>The host has looked at the clock, and done what was due. A host that is busy looks
    /// late, which is not the token's fault.</summary>
    public string? ObjectionToRest(RingProcessor engine, Instant now)
    {
        if (!engine.HasToken || _since is not { } since || now - since <= options.TokenHold)
            return null;
        _since = now;
        return $"keeps the token for {(now - since).TotalMilliseconds} ms";
    }

    private static bool IsMeant(RingProcessor engine, in HoldCancel cancel) =>
        engine.Installed is { } installed && cancel.Ring == installed.Ring
            && installed.Members.Contains(cancel.Header.Node);
}
