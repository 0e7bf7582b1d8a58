using Totem.Core.Diagnostics;

namespace Totem.Transport.Knet.Aead;

/// <summary>Our knowledge of a packet in the format of our own once it is open.</summary>
internal enum AeadTrust
{
    /// <summary>It was not sealed with the key, or was cut.</summary>
    Forged,

    /// <summary>It has come before.</summary>
    Replayed,

    /// <summary>It is authentic, but may be from a life of its sender that is over.</summary>
    Unproven,

    /// <summary>It is of the life that has answered a ping of ours.</summary>
    Proven,
}

/// <summary>
/// One peer that speaks the format of our own. Its life is proven by a pong: that carries a random number of a ping
/// that we have just sent, so nobody can have recorded it. Everything of another life is worth nothing but an answer.
/// </summary>
internal sealed class AeadPeer
{
    /// <summary>Of two keys in a change, the present epoch and the next, of the proven life and one that wants to
    /// be.</summary>
    private const int KeysMax = 6;

    private readonly ReplayWindow _window = new();
    private readonly List<(AeadMaster Master, AeadAlgorithm Algorithm, ulong Life, uint Epoch, AeadKey Key)> _keys =
        new(KeysMax + 1);
    private ulong? _provenLife;

    /// <summary>The life that the window is of: the one proven last, also after <see cref="Forget()"/>.</summary>
    private ulong? _windowLife;

    /// <summary>It has proven a life, and is spoken to in this format.</summary>
    public bool IsProven => _provenLife is not null;

    /// <summary>Opens a packet of this peer.</summary>
    /// <param name="master">The keys to try.</param>
    /// <param name="envelope">The bytes in front of the datagram.</param>
    /// <param name="datagram">All of it.</param>
    /// <param name="packet">As long as the datagram without envelope and tag.</param>
    /// <param name="scratch">Room for as much.</param>
    public AeadTrust Open(
        AeadMaster master, in AeadEnvelope envelope, ReadOnlySpan<byte> datagram, Span<byte> packet, Span<byte> scratch)
    {
        var isKnown = envelope.Life == _windowLife;
        if (isKnown && !_window.IsNew(envelope.Counter))
            return AeadTrust.Replayed;
        if (!TryOpen(master, in envelope, datagram, packet, scratch))
            return AeadTrust.Forged;
        if (isKnown)
            _window.Mark(envelope.Counter);
        return envelope.Life == _provenLife ? AeadTrust.Proven : AeadTrust.Unproven;
    }

    /// <summary>The life of this packet has answered a ping that we have just sent.</summary>
    /// <param name="envelope">The bytes in front of the answer.</param>
    /// <param name="isAnother">It is another process than the one that was proven last. One that could not be reached
    /// for a while goes on with its window: its packets of before are still replays.</param>
    /// <returns>True when nothing was proven before.</returns>
    public bool Prove(in AeadEnvelope envelope, out bool isAnother)
    {
        isAnother = _windowLife != envelope.Life;
        if (isAnother)
            _window.Restart(envelope.Counter);
        var isNews = _provenLife != envelope.Life;
        _provenLife = _windowLife = envelope.Life;
        return isNews;
    }

    /// <summary>The peer cannot be reached any more: who speaks under its name next may be another process, in another
    /// format. If it is the same one, its counters go on.</summary>
    public void Forget()
    {
        _provenLife = null;
        DropKeys(_ => true);
    }

    /// <summary>A key is not used any more.</summary>
    public void Forget(AeadMaster master) => DropKeys(x => x == master);

    private bool TryOpen(
        AeadMaster master, in AeadEnvelope envelope, ReadOnlySpan<byte> datagram, Span<byte> packet, Span<byte> scratch)
    {
        foreach (var (known, algorithm, life, epoch, key) in _keys)
        {
            if (known == master && algorithm == envelope.Algorithm && life == envelope.Life && epoch == envelope.Epoch)
                return key.TryOpen(in envelope, datagram, packet, scratch);
        }

        var derived = master.Derive(in envelope);
        if (!derived.TryOpen(in envelope, datagram, packet, scratch))
        {
            derived.Dispose();
            return false;
        }

        Keep(master, in envelope, derived);
        return true;
    }

    /// <summary>A key that has opened a packet is kept; the oldest that is not of the proven life makes room.</summary>
    private void Keep(AeadMaster master, in AeadEnvelope envelope, AeadKey key)
    {
        if (_keys.Count == KeysMax)
        {
            var oldest = Math.Max(0, _keys.FindIndex(x => x.Life != _provenLife));
            _keys[oldest].Key.Dispose();
            _keys.RemoveAt(oldest);
        }

        _keys.Add((master, envelope.Algorithm, envelope.Life, envelope.Epoch, key));
        Invariant.That(_keys.Count <= KeysMax, "no more keys of a peer are kept than the limit");
    }

    private void DropKeys(Predicate<AeadMaster> isGone)
    {
        for (var i = _keys.Count - 1; i >= 0; i--)
        {
            if (!isGone(_keys[i].Master))
                continue;
            _keys[i].Key.Dispose();
            _keys.RemoveAt(i);
        }
    }
}
