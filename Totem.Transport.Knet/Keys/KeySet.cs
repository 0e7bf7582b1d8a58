using Totem.Core.Diagnostics;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Crypto;

namespace Totem.Transport.Knet.Keys;

/// <summary>
/// One configuration of keys: libknet's format, the format of our own beside it, or ours alone. Nothing at all is
/// libknet's in clear.
/// </summary>
internal sealed class KeySet : IDisposable
{
    private KeySet(PacketSeal? libknet, AeadMaster? master) => (Libknet, Master) = (libknet, master);

    /// <summary>Libknet's format; null when packets in it are neither sent nor read.</summary>
    public PacketSeal? Libknet { get; }

    /// <summary>The source of the keys of the format of our own; null when that is not spoken.</summary>
    public AeadMaster? Master { get; }

    /// <summary>Seals in the format of our own; set when the keys come into use.</summary>
    public AeadSender? Sender { get; private set; }

    /// <summary>Packets in clear are sent, and read.</summary>
    public bool IsClear => Libknet is ClearSeal;

    /// <summary>Libknet's format alone, as a daemon speaks it.</summary>
    /// <param name="seal">Null for clear.</param>
    public static KeySet OfLibknet(PacketSeal? seal) => new(seal ?? new ClearSeal(), null);

    /// <summary>The format of our own with those that speak it, libknet's with the others. The seal must authenticate,
    /// because it is what the others' announcement rests on.</summary>
    public static KeySet Of(PacketSeal libknet, AeadMaster master)
    {
        Invariant.That(libknet is not ClearSeal, "what announces the format of our own is authenticated");
        return new KeySet(libknet, master);
    }

    /// <summary>The format of our own and nothing else.</summary>
    public static KeySet OfAead(AeadMaster master) => new(null, master);

    /// <summary>Prepares to seal, as this life of this member.</summary>
    public void Use(AeadLife life, AeadAlgorithm algorithm)
    {
        if (Master is not null)
            Sender ??= new AeadSender(Master, life, algorithm);
    }

    public void Dispose()
    {
        Libknet?.Dispose();
        Sender?.Dispose();
        Master?.Dispose();
    }
}
