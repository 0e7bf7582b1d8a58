using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Totem.Accord.Components;

/// <summary>The kinds of messages between conductors.</summary>
internal enum ConductorMessageKind : byte
{
    /// <summary>Requests and other entries, in a component.</summary>
    Batch = 1,

    /// <summary>A report in an exchange of states.</summary>
    Report = 2,
}

/// <summary>
/// Messages between conductors (ACCORD §13). All that comes from another conductor is
/// checked: something malformed gives false.
/// </summary>
internal static class ConductorMessage
{
    /// <summary>The version of these messages.</summary>
    public const byte Version = 1;

    /// <summary>The most conductors of a report's lists, which a ring of 128 processors cannot reach.</summary>
    public const int ConductorsMax = ProcessorSet.MaxCount;

    /// <summary>The most batches of a report. Each conductor has a few on their way.</summary>
    public const int HeldMax = 16_384;

    private const int AddressBytesMax = 255;

    /// <summary>The kind of a message; false for one of another version, or of none.</summary>
    public static bool TryReadKind(ReadOnlySpan<byte> message, out ConductorMessageKind kind)
    {
        kind = message.Length >= 2 ? (ConductorMessageKind)message[1] : default;
        return message.Length >= 2 && message[0] == Version
            && kind is ConductorMessageKind.Batch or ConductorMessageKind.Report;
    }

    /// <summary>Writes a report.</summary>
    /// <param name="exchange">The exchange it belongs to.</param>
    /// <param name="report">The report.</param>
    public static byte[] Encode(ExchangeTag exchange, StateReport report)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new FieldWriter(output);
        writer.Byte(Version);
        writer.Byte((byte)ConductorMessageKind.Report);
        writer.Ring(exchange.Ring);
        writer.UInt64(exchange.MembersHash);
        writer.Conductor(report.Conductor);
        writer.Component(report.Component);
        writer.UInt64(report.Position);
        writer.Byte(report.IsBehind ? (byte)1 : (byte)0);
        writer.UInt32((uint)report.VotersWanted);
        writer.Conductors(report.Knowing);
        writer.Conductors(report.Voters);
        writer.Conductors(report.VotersBehindHeld);
        writer.UInt32((uint)report.Held.Count);
        foreach (var name in report.Held)
        {
            writer.UInt32(name.Sender.Value);
            writer.UInt64(name.Number);
        }

        writer.Bytes(Encoding.UTF8.GetBytes(report.Address));
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a report; false for something else, or malformed.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out ExchangeTag exchange, out StateReport? report)
    {
        (exchange, report) = (default, null);
        if (!TryReadKind(message, out var kind) || kind != ConductorMessageKind.Report)
            return false;
        var reader = new FieldReader(message[2..]);
        exchange = new ExchangeTag(reader.Ring(), reader.UInt64());
        var read = new StateReport
        {
            Conductor = reader.Conductor(),
            Component = reader.Component(),
            Position = reader.UInt64(),
            IsBehind = reader.Byte() != 0,
            VotersWanted = (int)Math.Clamp(reader.UInt32(), 1, ConductorsMax),
            Knowing = reader.Conductors(ConductorsMax),
            Voters = reader.Conductors(ConductorsMax),
            VotersBehindHeld = reader.Conductors(ConductorsMax),
            Held = ReadHeld(ref reader),
            Address = Encoding.UTF8.GetString(reader.Bytes(AddressBytesMax)),
        };
        if (!reader.IsAtEnd)
            return false;
        report = read;
        return true;
    }

    private static BatchName[] ReadHeld(ref FieldReader reader)
    {
        var names = new BatchName[reader.Count(HeldMax, bytesEach: 12)];
        for (var i = 0; i < names.Length; i++)
            names[i] = new BatchName(new ProcessorId(reader.UInt32()), reader.UInt64());
        return names;
    }
}

/// <summary>Names an exchange of states: a report that comes in another one, because it was sent before a change, is
/// void.</summary>
/// <param name="Ring">The ring.</param>
/// <param name="MembersHash">A hash of the group's members: it may change while the ring stays.</param>
internal readonly record struct ExchangeTag(RingId Ring, ulong MembersHash)
{
    /// <summary>The exchange of a membership.</summary>
    public static ExchangeTag Of(RingId ring, IReadOnlyList<GroupMember> members)
    {
        // FNV-1a.
        var hash = 14695981039346656037;
        foreach (var member in members)
            hash = unchecked((hash ^ (((ulong)member.Node.Value << 32) | member.Pid)) * 1099511628211);
        return new ExchangeTag(ring, hash);
    }
}
