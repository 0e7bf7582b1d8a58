using System.Buffers.Binary;

namespace Totem.Transport.Udp.Inquiry;

/// <summary>A page of the answer to a <see cref="GroupQuestion"/>: entries of a group and one of its members each, in
/// the order of the node that answers.</summary>
/// <param name="Nonce">That of the question.</param>
/// <param name="IsSynchronized">False while the ring agrees on its groups: what is here may be incomplete.</param>
/// <param name="Revision">Pages of one revision belong together.</param>
/// <param name="Total">How many entries there are.</param>
/// <param name="First">The number of the first one here.</param>
/// <param name="Entries">The entries of this page.</param>
internal sealed record GroupAnswer(
    ulong Nonce, bool IsSynchronized, ulong Revision, uint Total, uint First,
    IReadOnlyList<(GroupName Group, GroupMember Member)> Entries)
{
    public const int HeaderBytes = 32;

    /// <summary>Travels whole over every network that carries corosync.</summary>
    private const int PageBytesMax = 1400;
    private const byte Version = 1;
    private const int MemberBytes = 8;

    /// <summary>The page of a table that answers a question. The ring's thread.</summary>
    public static byte[] Write(
        in GroupQuestion question, bool isSynchronised, IReadOnlyList<GroupRoster> table)
    {
        var page = new byte[PageBytesMax];
        var (length, count, total) = (HeaderBytes, 0, 0u);
        var revision = 14695981039346656037; // FNV-1a over all entries
        foreach (var (group, members) in table)
        {
            foreach (var value in group.Bytes)
                revision = (revision ^ value) * 1099511628211;
            foreach (var member in members)
            {
                revision = (((revision ^ member.Node.Value) * 1099511628211) ^ member.Pid) * 1099511628211;
                var size = 1 + group.Bytes.Length + MemberBytes;
                // The entries of a page follow each other: the first that does not fit ends it.
                if (total++ != question.First + (uint)count || length + size > page.Length)
                    continue;
                page[length] = (byte)group.Bytes.Length;
                group.Bytes.CopyTo(page.AsSpan(length + 1));
                BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(length + size - 8), member.Node.Value);
                BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(length + size - 4), member.Pid);
                length += size;
                count++;
            }
        }

        (page[0], page[1], page[2], page[3]) = ((byte)'T', (byte)'A', Version, isSynchronised ? (byte)1 : (byte)0);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(4), question.Nonce);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(12), revision);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(20), total);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(24), question.First);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(28), (ushort)count);
        return page[..length];
    }

    /// <summary>A sender that has the nonce may send anything: bytes that are not a page are dropped.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out GroupAnswer? answer)
    {
        answer = null;
        if (datagram is not [(byte)'T', (byte)'A', Version, ..] || datagram.Length < HeaderBytes)
            return false;
        var entries = new List<(GroupName, GroupMember)>();
        var rest = datagram[HeaderBytes..];
        for (var count = BinaryPrimitives.ReadUInt16LittleEndian(datagram[28..]); count > 0; count--)
        {
            if (rest.IsEmpty || rest[0] is 0 or > GroupName.MaxBytes || rest.Length < 1 + rest[0] + MemberBytes)
                return false;
            var member = rest[(1 + rest[0])..];
            entries.Add((
                new GroupName(rest.Slice(1, rest[0])),
                new GroupMember(new ProcessorId(BinaryPrimitives.ReadUInt32LittleEndian(member)),
                    BinaryPrimitives.ReadUInt32LittleEndian(member[4..]))));
            rest = member[MemberBytes..];
        }

        answer = new GroupAnswer(
            BinaryPrimitives.ReadUInt64LittleEndian(datagram[4..]), datagram[3] == 1,
            BinaryPrimitives.ReadUInt64LittleEndian(datagram[12..]),
            BinaryPrimitives.ReadUInt32LittleEndian(datagram[20..]),
            BinaryPrimitives.ReadUInt32LittleEndian(datagram[24..]), entries);
        return rest.IsEmpty;
    }
}
