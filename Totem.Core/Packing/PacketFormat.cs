using Totem.Core.Wire;

namespace Totem.Core.Packing;

/// <summary>The packet of messages inside a regular multicast (WIRE §12).</summary>
internal static class PacketFormat
{
    /// <summary>Version, type, fragment number, continuation number, piece count.</summary>
    public const int HeaderBytes = 8;

    /// <summary>The most pieces one packet of ours holds; a reader takes what fits a frame.</summary>
    public const int PieceCountMax = 512;

    /// <summary>A piece that would start with less room than this waits for the next packet.</summary>
    public const int FragmentBytesMin = 32;

    /// <summary>Room for piece lengths and pieces in a packet.</summary>
    public static int BudgetBytes(int netMtu) => netMtu - WireFormat.MtuOverheadBytes - HeaderBytes;
}
