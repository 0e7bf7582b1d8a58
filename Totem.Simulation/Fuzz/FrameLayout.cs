using System.Buffers.Binary;
using Totem.Core.Wire;

namespace Totem.Simulation.Fuzz;

/// <summary>
/// Where the fields of a well-formed little-endian frame lie, written down from WIRE §5 and not from the decoders:
/// it exists to disagree with them.
/// </summary>
internal static class FrameLayout
{
    private const int KindOffset = 3;
    private const int TokenRequestCountOffset = 53;
    private const int JoinProposedCountOffset = 17;
    private const int JoinFailedCountOffset = 21;
    private const int CommitFilledCountOffset = 33;
    private const int CommitMemberCountOffset = 37;
    private const int MergeTrailerOffset = 29;
    private const int MergeHeardCountOffset = MergeTrailerOffset + 4;

    private static readonly int[] HeaderWidths = [2, 1, 1, 1, 4, 4];
    private static readonly int[] RingWidths = [4, 8];
    private static readonly int[] RequestWidths = [.. RingWidths, 4];
    private static readonly int[] TokenWidths = [.. HeaderWidths, 4, 4, 4, 4, .. RingWidths, 4, 4, 4, 4];
    private static readonly int[] MessageWidths = [.. HeaderWidths, 4, 4, 4, .. RingWidths, 4, 4];
    private static readonly int[] MergeWidths = [.. HeaderWidths, 4, .. RingWidths];
    private static readonly int[] JoinWidths = [.. HeaderWidths, 4, 4, 4, 8];
    private static readonly int[] CommitWidths = [.. HeaderWidths, 4, .. RingWidths, 4, 4, 4];
    private static readonly int[] CommitEntryWidths = [.. RingWidths, 4, 4, 4];
    private static readonly int[] HoldCancelWidths = [.. HeaderWidths, .. RingWidths];

    private static readonly int[] LoanWidths = [.. HeaderWidths, .. RingWidths, 4, 4, 4, 4, 2];

    private static readonly int[][] CountOffsets =
    [
        [TokenRequestCountOffset], [], [MergeHeardCountOffset], [JoinProposedCountOffset, JoinFailedCountOffset],
        [CommitFilledCountOffset, CommitMemberCountOffset], [], [],
    ];

    /// <summary>The widths of all fields in bytes, one after the other; a multicast's payload is no field.</summary>
    public static IEnumerable<int> FieldWidths(byte[] frame) => (FrameKind)frame[KindOffset] switch
    {
        FrameKind.RegularToken => [.. TokenWidths, .. Repeat(RequestWidths, U32(frame, TokenRequestCountOffset))],
        FrameKind.RegularMessage => MessageWidths,
        FrameKind.MergeDetect => [.. MergeWidths, .. TrailerWidths(frame, MergeTrailerOffset)],
        FrameKind.Join =>
        [
            .. JoinWidths, .. Ids(U32(frame, JoinProposedCountOffset)), .. Ids(U32(frame, JoinFailedCountOffset)),
            .. TrailerWidths(frame, JoinTrailerOffset(frame)), .. JoinHeardWidths(frame),
        ],
        FrameKind.CommitToken =>
        [
            .. CommitWidths, .. Ids(U32(frame, CommitMemberCountOffset)),
            .. Repeat(CommitEntryWidths, U32(frame, CommitMemberCountOffset)),
        ],
        FrameKind.HoldCancel => HoldCancelWidths,
        FrameKind.TokenLoan => LoanWidths,
        _ => throw new ArgumentException($"kind {frame[KindOffset]}, 0 to 6 expected", nameof(frame)),
    };

    /// <summary>Where the counts of a frame of this kind stand: 32 bits each, but for the 16 of a
    /// merge detect's trailer.</summary>
    public static ReadOnlySpan<int> CountOffsetsOf(byte kind) => kind < CountOffsets.Length ? CountOffsets[kind] : [];

    /// <summary>The same frame as a big-endian machine sends it: every field reversed, the payload
    /// of a multicast as it is.</summary>
    public static byte[] ToBigEndian(byte[] frame)
    {
        var swapped = (byte[])frame.Clone();
        var offset = 0;
        foreach (var width in FieldWidths(frame))
        {
            Array.Reverse(swapped, offset, width);
            offset += width;
        }

        return swapped;
    }

    /// <summary>Our own trailers: a magic, a list of processors, and one of broken links.</summary>
    private static IEnumerable<int> TrailerWidths(byte[] frame, int offset)
    {
        var idCountOffset = offset + 4;
        if (idCountOffset + 2 > frame.Length)
            return [];
        var ids = U16(frame, idCountOffset);
        var links = U16(frame, idCountOffset + 2 + 4 * ids);
        return [4, 2, .. Ids(ids), 2, .. Ids(2 * links)];
    }

    /// <summary>A join's trailer ends with one more list of processors.</summary>
    private static IEnumerable<int> JoinHeardWidths(byte[] frame)
    {
        var offset = JoinTrailerOffset(frame);
        var countOffset = offset + TrailerWidths(frame, offset).Sum();
        return countOffset == offset || frame.Length < countOffset + 2 ? [] : [2, .. Ids(U16(frame, countOffset))];
    }

    private static int JoinTrailerOffset(byte[] frame) =>
        WireFormat.JoinBytes + 4 * (U32(frame, JoinProposedCountOffset) + U32(frame, JoinFailedCountOffset));

    private static int U16(byte[] frame, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(frame.AsSpan(offset));

    private static int U32(byte[] frame, int offset) => BinaryPrimitives.ReadInt32LittleEndian(frame.AsSpan(offset));

    private static IEnumerable<int> Ids(int count) => Enumerable.Repeat(4, count);

    private static IEnumerable<int> Repeat(int[] widths, int count) =>
        Enumerable.Repeat(widths, count).SelectMany(x => x);
}
