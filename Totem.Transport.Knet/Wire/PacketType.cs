namespace Totem.Transport.Knet.Wire;

/// <summary>The five packets, with their numbers on the wire (KNET §4).</summary>
internal enum PacketType : byte
{
    /// <summary>A message, or a fragment of one.</summary>
    Data = 0x00,

    /// <summary>Asks whether a link carries packets both ways.</summary>
    Ping = 0x81,

    /// <summary>Answers a ping.</summary>
    Pong = 0x82,

    /// <summary>A packet as long as its sender hopes that the path carries.</summary>
    Probe = 0x83,

    /// <summary>Answers a probe.</summary>
    ProbeReply = 0x84,
}

/// <summary>The fate of a packet in the decoder.</summary>
internal enum KnetDecode
{
    /// <summary>Well formed.</summary>
    Ok,

    /// <summary>Shorter than its type.</summary>
    TooShort,

    /// <summary>A version other than 1.</summary>
    UnknownVersion,

    /// <summary>None of the five types, or another one than was asked for.</summary>
    UnknownType,

    /// <summary>Numbers of fragments that no sender may use (KNET §19).</summary>
    BadFragment,
}
