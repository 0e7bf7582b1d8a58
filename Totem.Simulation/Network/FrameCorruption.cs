using System.Buffers.Binary;
using Totem.Core.Wire;

namespace Totem.Simulation.Network;

/// <summary>
/// Breaks frames so that a decoder must refuse them. Bits of a payload are never flipped silently: that is what UDP's
/// checksum is for, and the protocol has no other.
/// </summary>
internal static class FrameCorruption
{
    private const int TokenRequestCountOffset = WireFormat.RegularTokenBytes - 4;
    private const int JoinProposedCountOffset = WireFormat.HeaderBytes + 4;
    private const int CommitMemberCountOffset = WireFormat.CommitTokenBytes - 4;

    /// <summary>Breaks the frame in place and returns how much of it is left; -1 when it could not be broken.</summary>
    public static int Break(Span<byte> frame, ref DatagramDice dice)
    {
        var length = frame.Length;
        switch (dice.UpTo(6))
        {
            case 0:
                length = (int)dice.UpTo(Math.Min(length, WireFormat.HeaderBytes) - 1);
                break;
            case 1:
                length = (int)dice.UpTo(Math.Min(length, WireFormat.RegularMessageHeaderBytes) - 1);
                break;
            case 2:
                BinaryPrimitives.WriteUInt16LittleEndian(frame, (ushort)dice.Next());
                break;
            case 3:
                frame[2] = (byte)(WireFormat.Version + 1 + dice.UpTo(200));
                break;
            case 4:
                frame[3] = (byte)((int)FrameKind.TokenLoan + 1 + dice.UpTo(200));
                break;
            case 5:
                WriteAbsurdCount(frame, (uint)dice.Next() | 0x8000_0000);
                break;
            default:
                for (var i = 0; i < length; i++)
                    frame[i] = (byte)dice.Next();
                break;
        }

        return IsRefused(frame[..length]) ? length : -1;
    }

    private static void WriteAbsurdCount(Span<byte> frame, uint count)
    {
        var offset = (FrameKind)frame[3] switch
        {
            FrameKind.RegularToken => TokenRequestCountOffset,
            FrameKind.Join => JoinProposedCountOffset,
            FrameKind.CommitToken => CommitMemberCountOffset,
            _ => -1,
        };
        if (offset >= 0)
            BinaryPrimitives.WriteUInt32LittleEndian(frame[offset..], count);
        else
            frame[4] = (byte)(count | 0x80); // Frames without lists: an encapsulation that does not exist.
    }

    private static bool IsRefused(ReadOnlySpan<byte> frame)
    {
        var result = FrameHeader.TryRead(frame, out var header);
        if (result != DecodeResult.Ok)
            return true;
        result = header.Kind switch
        {
            FrameKind.RegularToken => RegularToken.TryRead(frame, out _, out _),
            FrameKind.RegularMessage => RegularMessage.TryRead(frame, out _),
            FrameKind.MergeDetect => MergeDetect.TryRead(frame, out _, out _),
            FrameKind.Join => JoinMessage.TryRead(frame, out _),
            FrameKind.CommitToken => CommitToken.TryRead(frame, out _),
            FrameKind.TokenLoan => TokenLoan.TryRead(frame, out _),
            _ => HoldCancel.TryRead(frame, out _),
        };
        return result != DecodeResult.Ok;
    }
}
