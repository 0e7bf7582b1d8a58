using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Tests.Captures;

namespace Totem.Tests.Corosync;

/// <summary>Tokens in a capture that a member sent twice: it had waited for a sign of its first copy in vain.</summary>
internal static class TokenRepeats
{
    /// <summary>All of this sender's, each as often as it was repeated.</summary>
    /// <param name="capture">The frames that passed the network.</param>
    /// <param name="source">The sender's address.</param>
    /// <returns>How many tokens it sent, and the repeated ones for a reader.</returns>
    public static (int Sent, IReadOnlyList<string> Repeated) Of(PcapFile capture, string source)
    {
        var seen = new HashSet<(RingId, TokenSeq, string)>();
        var repeated = new List<string>();
        foreach (var datagram in capture.Datagrams.Where(
            x => x.Source.StartsWith(source + ':', StringComparison.Ordinal)))
        {
            if (datagram.Payload is not [_, _, _, (byte)FrameKind.RegularToken, ..]
                || RegularToken.TryRead(datagram.Payload, out var token, out _) != DecodeResult.Ok)
                continue;
            if (!seen.Add((token.Ring, token.TokenSeq, datagram.Destination)))
                repeated.Add($"packet {datagram.FrameNumber}: token {token.TokenSeq} of ring {token.Ring} to "
                    + $"{datagram.Destination}");
        }

        return (seen.Count, repeated);
    }
}
