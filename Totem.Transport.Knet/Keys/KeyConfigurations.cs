using System.Security.Cryptography;
using Totem.Core.Diagnostics;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Keys;

/// <summary>The keys in use, beside them the next or the last ones during a change, and whether packets in clear are
/// read.</summary>
internal sealed class KeyConfigurations : IDisposable
{
    private readonly AeadLife _life;
    private readonly AeadAlgorithm _algorithm;
    private readonly byte[] _packet = GC.AllocateUninitializedArray<byte>(KnetFormat.DatagramBytesMax, pinned: true);
    private readonly byte[] _scratch = GC.AllocateUninitializedArray<byte>(KnetFormat.DatagramBytesMax, pinned: true);
    private KeySet _inUse;
    private KeySet? _other;

    public KeyConfigurations(KeySet first, AeadLife life, AeadAlgorithm algorithm)
    {
        (_inUse, _life, _algorithm) = (first, life, algorithm);
        AllowsClear = first.IsClear;
        first.Use(life, algorithm);
    }

    public RekeyPhase Phase { get; private set; }

    /// <summary>While the next configuration is loaded and not in use: a peer seals with it already.</summary>
    public bool HearsLoaded { get; private set; }

    /// <summary>Packets that no key opens are taken as they are.</summary>
    public bool AllowsClear { get; private set; }

    /// <summary>The format of our own is spoken.</summary>
    public bool HasAead => _inUse.Sender is not null;

    /// <summary>Nothing but the format of our own is spoken.</summary>
    public bool RequiresAead => _inUse.Libknet is null;

    /// <summary>The keys that seal for a peer.</summary>
    /// <param name="isAead">In the format of our own.</param>
    public PacketSealer Sealer(bool isAead)
    {
        PacketSealer? sealer = isAead || RequiresAead ? _inUse.Sender : _inUse.Libknet;
        Invariant.That(sealer is not null, "a packet is sealed in a format that is configured");
        return sealer;
    }

    /// <summary>The bytes that sealing for such a peer adds.</summary>
    public SealShape Shape(bool isAead) => Sealer(isAead && HasAead).Shape;

    /// <summary>A change begins: the next configuration opens packets from now on. A change under way is finished
    /// first.</summary>
    public void Load(KeySet next)
    {
        if (Phase == RekeyPhase.Loaded)
            Switch();
        if (Phase == RekeyPhase.Switched)
            Finish();
        next.Use(_life, _algorithm);
        _other = next;
        HearsLoaded = false;
        AllowsClear |= next.IsClear;
        Phase = RekeyPhase.Loaded;
    }

    /// <summary>The next configuration seals from now on.</summary>
    public void Switch()
    {
        Invariant.That(Phase == RekeyPhase.Loaded, "a configuration is loaded before it is used");
        Invariant.That(_other is not null, "a loaded configuration is there");
        (_inUse, _other) = (_other, _inUse);
        Phase = RekeyPhase.Switched;
    }

    /// <summary>The old configuration is forgotten, and its keys are wiped.</summary>
    /// <returns>The source that the keys of peers were derived from, so that these are forgotten too.</returns>
    public AeadMaster? Finish()
    {
        Invariant.That(Phase == RekeyPhase.Switched, "a configuration is used before the old one is forgotten");
        var master = _other?.Master;
        _other?.Dispose();
        _other = null;
        AllowsClear = _inUse.IsClear;
        Phase = RekeyPhase.Settled;
        return master;
    }

    /// <summary>Opens a packet in libknet's format: the configuration in use, then the other one, then clear where that
    /// is allowed (KNET §6, step 2).</summary>
    /// <param name="datagram">Anything.</param>
    /// <param name="packet">Valid until the next call.</param>
    /// <param name="isAuthentic">It was sealed by a holder of a key.</param>
    public bool TryOpen(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> packet, out bool isAuthentic)
    {
        isAuthentic = true;
        if (_inUse is { IsClear: false, Libknet: { } seal } && seal.TryOpen(datagram, out packet))
            return true;
        if (_other is { IsClear: false, Libknet: { } otherSeal } && otherSeal.TryOpen(datagram, out packet))
        {
            HearsLoaded = Phase == RekeyPhase.Loaded;
            return true;
        }

        isAuthentic = false;
        packet = datagram;
        return AllowsClear;
    }

    /// <summary>Opens a packet in the format of our own.</summary>
    public AeadTrust Open(
        AeadPeer peer, scoped in AeadEnvelope envelope, ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> packet)
    {
        var bytes = datagram.Length - AeadEnvelope.Bytes - AeadEnvelope.TagBytes;
        packet = _packet.AsSpan(0, bytes);
        var trust = Open(_inUse, peer, in envelope, datagram);
        if (trust != AeadTrust.Forged || _other is null)
            return trust;
        trust = Open(_other, peer, in envelope, datagram);
        HearsLoaded |= trust >= AeadTrust.Unproven && Phase == RekeyPhase.Loaded;
        return trust;
    }

    public void Dispose()
    {
        _inUse.Dispose();
        _other?.Dispose();
        CryptographicOperations.ZeroMemory(_packet);
        CryptographicOperations.ZeroMemory(_scratch);
    }

    private AeadTrust Open(KeySet keys, AeadPeer peer, in AeadEnvelope envelope, ReadOnlySpan<byte> datagram)
    {
        var bytes = datagram.Length - AeadEnvelope.Bytes - AeadEnvelope.TagBytes;
        return keys.Master is null ? AeadTrust.Forged
            : peer.Open(keys.Master, in envelope, datagram, _packet.AsSpan(0, bytes), _scratch);
    }
}
