namespace Totem.Transport.Knet.Wire;

/// <summary>The numbers of the wire (KNET §2 to §5).</summary>
internal static class KnetFormat
{
    /// <summary>The only version there is in libknet 1.x (KNET §14).</summary>
    public const byte Version = 1;

    public const int HeaderBytes = 6;

    /// <summary>Shorter packets are dropped whatever they are (KNET §6, step 3).</summary>
    public const int PacketBytesMin = 7;

    public const int DataHeaderBytes = 14;
    public const int PingBytes = 26;
    public const int ProbeHeaderBytes = 9;

    /// <summary>Used instead of the real header's length wherever a size is calculated (KNET §4).</summary>
    public const int LargestHeaderBytes = 26;

    /// <summary>The most that UDP over IPv4 carries.</summary>
    public const int DatagramBytesMax = 65_507;

    /// <summary>The longest message, before and after compression.</summary>
    public const int MessageBytesMax = 65_536;

    /// <summary>libknet 1.35 refuses a message of 255 fragments, which the field could say.</summary>
    public const int FragmentCountMax = 254;

    public const int LinkCountMax = 8;

    /// <summary>Before each message with a multiple of this number, a ping goes to everybody on every link
    /// (KNET §7, step 7).</summary>
    public const int UntimedPingInterval = 8191;

    /// <summary>In a ping's padding, which libknet ignores: its sender can also speak the authenticated format of our
    /// own.</summary>
    public const byte AeadAnnouncement = 0x0A;
}
