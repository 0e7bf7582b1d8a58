namespace Totem.Sheepdog.Ordering;

/// <summary>The kinds of messages of the drivers; the first byte on the wire.</summary>
internal enum ClusterMessageKind : byte
{
    Join = 1,
    Accept = 2,
    Decline = 3,
    Grant = 4,
    Leave = 5,
    Notify = 6,
    Block = 7,
    Unblock = 8,
    UpdateNode = 9,
    Lock = 10,
    Unlock = 11,
    View = 12,
    Deaths = 13,
    Overdue = 14,
}

/// <summary>One message; only the fields that its kind names are filled.</summary>
/// <param name="Kind">Its kind.</param>
internal sealed record ClusterMessage(ClusterMessageKind Kind)
{
    /// <summary>Join, Accept, Decline, Grant, Overdue: which of the joiner's requests.</summary>
    public uint Attempt { get; init; }

    /// <summary>Accept, Decline, Grant, Overdue: the joiner.</summary>
    public PeerId Peer { get; init; }

    /// <summary>Overdue: who should have answered it.</summary>
    public PeerId Acceptor { get; init; }

    /// <summary>Accept, Decline: how much had happened when the request was answered.</summary>
    public ulong Version { get; init; }

    /// <summary>Join, UpdateNode.</summary>
    public SheepNode? Node { get; init; }

    /// <summary>Join, Accept.</summary>
    public Opaque Opaque { get; init; }

    /// <summary>Accept, Grant: what was at the place of the joiner's request. Null where a backend
    /// hands it to the joiner alone.</summary>
    public ClusterState? State { get; init; }

    /// <summary>Notify, Unblock.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Block, Unblock, Lock, Unlock: the sender's own number for it.</summary>
    public ulong Ticket { get; init; }

    /// <summary>Lock, Unlock.</summary>
    public ulong Id { get; init; }

    /// <summary>View: how many members, and the lowest of them.</summary>
    public ClusterView View { get; init; }

    /// <summary>Deaths: seats whose processes the sender knows to be dead.</summary>
    public IReadOnlyList<uint> Seats { get; init; } = [];

    /// <summary>The bytes.</summary>
    public byte[] Encode()
    {
        var writer = new ByteWriter().Byte((byte)Kind);
        switch (Kind)
        {
            case ClusterMessageKind.Join:
                writer.Number(Attempt).Node(Node!).Opaque(Opaque.Restore());
                break;
            case ClusterMessageKind.Accept:
                writer.Peer(Peer).Number(Attempt).Number(Version).Opaque(Opaque.Restore());
                StateCodec.Write(writer, State!);
                break;
            case ClusterMessageKind.Decline:
                writer.Peer(Peer).Number(Attempt).Number(Version);
                break;
            case ClusterMessageKind.Grant:
                writer.Peer(Peer).Number(Attempt);
                StateCodec.Write(writer, State!);
                break;
            case ClusterMessageKind.Overdue:
                writer.Peer(Peer).Number(Attempt).Peer(Acceptor);
                break;
            case ClusterMessageKind.Notify:
                writer.Raw(Payload.Span);
                break;
            case ClusterMessageKind.Block:
                writer.Number(Ticket);
                break;
            case ClusterMessageKind.Unblock:
                writer.Number(Ticket).Raw(Payload.Span);
                break;
            case ClusterMessageKind.UpdateNode:
                writer.Node(Node!);
                break;
            case ClusterMessageKind.Lock or ClusterMessageKind.Unlock:
                writer.Number(Id).Number(Ticket);
                break;
            case ClusterMessageKind.View:
                writer.Number((ulong)View.MemberCount).Peer(View.Lowest);
                break;
            case ClusterMessageKind.Deaths:
                writer.Number((ulong)Seats.Count);
                foreach (var seat in Seats)
                    writer.Number(seat);
                break;
            default:
                break;
        }

        return writer.ToArray();
    }

    /// <summary>Where the state begins in an encoded accept or grant; it is the last of them, so all before it is the
    /// message for those who do not need it.</summary>
    /// <returns>-1 when the message has none.</returns>
    public static int StateOffset(ReadOnlySpan<byte> bytes, out PeerId joiner)
    {
        var reader = new ByteReader(bytes);
        var kind = (ClusterMessageKind)reader.Byte();
        joiner = default;
        if (kind is not (ClusterMessageKind.Accept or ClusterMessageKind.Grant))
            return -1;
        joiner = reader.Peer();
        reader.Number(uint.MaxValue);
        if (kind == ClusterMessageKind.Accept)
        {
            reader.Number(ulong.MaxValue);
            reader.Opaque();
        }

        return reader.HasFailed ? -1 : bytes.Length - reader.RestLength;
    }

    /// <summary>Decodes what a peer sent, which may be anything.</summary>
    /// <returns>Null when it is no message: too short, too long, or a number is out of range.</returns>
    public static ClusterMessage? TryDecode(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        var message = Read(ref reader, (ClusterMessageKind)reader.Byte());
        return reader.HasFailed || !reader.IsAtEnd ? null : message;
    }

    private static ClusterMessage? Read(ref ByteReader reader, ClusterMessageKind kind)
    {
        var message = new ClusterMessage(kind);
        switch (kind)
        {
            case ClusterMessageKind.Join:
                return message with { Attempt = (uint)reader.Number(uint.MaxValue), Node = reader.Node(),
                    Opaque = reader.Opaque() };
            case ClusterMessageKind.Accept:
                return message with
                {
                    Peer = reader.Peer(),
                    Attempt = (uint)reader.Number(uint.MaxValue),
                    Version = reader.Number(ulong.MaxValue),
                    Opaque = reader.Opaque(),
                    State = reader.IsAtEnd ? null : StateCodec.Read(ref reader),
                };
            case ClusterMessageKind.Decline:
                return message with
                {
                    Peer = reader.Peer(),
                    Attempt = (uint)reader.Number(uint.MaxValue),
                    Version = reader.Number(ulong.MaxValue),
                };
            case ClusterMessageKind.Grant:
                return message with
                {
                    Peer = reader.Peer(),
                    Attempt = (uint)reader.Number(uint.MaxValue),
                    State = reader.IsAtEnd ? null : StateCodec.Read(ref reader),
                };
            case ClusterMessageKind.Overdue:
                return message with { Peer = reader.Peer(), Attempt = (uint)reader.Number(uint.MaxValue),
                    Acceptor = reader.Peer() };
            case ClusterMessageKind.Leave:
                return message;
            case ClusterMessageKind.Notify:
                return WithPayload(message, ref reader);
            case ClusterMessageKind.Block:
                return message with { Ticket = reader.Number(ulong.MaxValue) };
            case ClusterMessageKind.Unblock:
                return WithPayload(message with { Ticket = reader.Number(ulong.MaxValue) }, ref reader);
            case ClusterMessageKind.UpdateNode:
                return message with { Node = reader.Node() };
            case ClusterMessageKind.Lock or ClusterMessageKind.Unlock:
                return message with { Id = reader.Number(ulong.MaxValue), Ticket = reader.Number(ulong.MaxValue) };
            case ClusterMessageKind.View:
                return message with { View = new ClusterView(reader.Count(ClusterLimits.MaxNodes), reader.Peer()) };
            case ClusterMessageKind.Deaths:
                var seats = new uint[reader.Count(ClusterLimits.MaxNodes)];
                for (var i = 0; i < seats.Length; i++)
                    seats[i] = (uint)reader.Number(uint.MaxValue);
                return message with { Seats = seats };
            default:
                return null;
        }
    }

    private static ClusterMessage? WithPayload(ClusterMessage message, ref ByteReader reader)
    {
        var payload = reader.Rest();
        return payload.Length <= ClusterLimits.MaxMessageBytes ? message with { Payload = payload.ToArray() } : null;
    }
}

/// <summary>How much a side of a cut has: when sides meet that went on, the greater stays.</summary>
/// <param name="MemberCount">Its members.</param>
/// <param name="Lowest">The lowest of them; of two sides of one size the one with the lower stays.</param>
internal readonly record struct ClusterView(int MemberCount, PeerId Lowest)
{
    /// <summary>Whether this side stays when it meets the other.</summary>
    public bool Beats(ClusterView other) =>
        MemberCount != other.MemberCount ? MemberCount > other.MemberCount : Lowest < other.Lowest;
}
