using System.Security.Cryptography;
using Totem.Transport.Knet.Crypto;

namespace Totem.Transport.Knet.Tests.Captures;

/// <summary>The seals of a capture's configurations, clear last.</summary>
internal sealed class CaptureSeals : IDisposable
{
    private readonly List<PacketSeal> _seals = [];

    public CaptureSeals(KnetCapture capture)
    {
        foreach (var (suite, keyName) in capture.Suites())
        {
            using var key = new KnetKey(KnetCapture.KeyBytes(keyName));
            _seals.Add(SealFactory.Create(suite, key, new RandomPool(RandomNumberGenerator.Fill))!);
        }

        _seals.Add(new ClearSeal());
    }

    /// <summary>Opens a packet with the first that fits.</summary>
    public byte[] Open(byte[] datagram)
    {
        foreach (var seal in _seals)
        {
            if (seal.TryOpen(datagram, out var packet))
                return packet.ToArray();
        }

        throw new InvalidOperationException("clear takes everything");
    }

    public void Dispose() => _seals.ForEach(x => x.Dispose());
}
