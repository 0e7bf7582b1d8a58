using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Simulation.Cluster;

/// <summary>
/// Watches the tokens that one processor sends. The others may not wait for ever for a member that holds the aru at one
/// number (docs/design/protocol.md, "Failing to receive"), whatever holds it there.
/// </summary>
internal sealed class AruWatch(RingOptions options)
{
    // A member that is due is given up at a visit, and the next visit is at most a token timeout away.
    private readonly TimeSpan _limit = options.FailToReceiveTimeout + options.TokenTimeout;

    private RegularToken _last;
    private Instant _since;

    /// <summary>The processor stood still, and saw no token.</summary>
    public void HandlePause(TimeSpan length) => _since += length;

    /// <summary>The processor sends this frame. Says who has held the aru for how long where that
    /// is too long; else null.</summary>
    public string? Objection(ReadOnlySpan<byte> frame, Instant now)
    {
        if ((FrameKind)frame[3] != FrameKind.RegularToken
            || RegularToken.TryRead(frame, out var token, out _) != DecodeResult.Ok)
            return null;
        var (last, isNewHop) = (_last, token.TokenSeq != _last.TokenSeq);
        _last = token;
        if (token.AruSetter.IsNone || token.AruSetter != last.AruSetter || token.Aru != last.Aru
            || token.Ring != last.Ring)
        {
            _since = now;
            return null;
        }

        var held = now - _since;
        return isNewHop && token.AruSetter != token.Header.Node && held > _limit
            ? $"passes a token of {token.Ring} on, whose aru {token.AruSetter} has held at {token.Aru} for "
                + $"{held.TotalMilliseconds} ms"
            : null;
    }
}
