using System.Buffers.Binary;

namespace Totem.Accord.Wire;

/// <summary>
/// A request that has passed every check, over the bytes it lies in. A view: valid as long as those bytes are.
/// </summary>
internal readonly ref struct Request
{
    private Request(MessageHeader header, ReadOnlySpan<byte> message)
    {
        Header = header;
        Message = message;
    }

    /// <summary>The header.</summary>
    public MessageHeader Header { get; }

    /// <summary>The whole message, header included.</summary>
    public ReadOnlySpan<byte> Message { get; }

    /// <summary>The path, the source of a copy, or the prefix of a list; a list of everything has none.</summary>
    public ReadOnlySpan<byte> Path { get; private init; }

    /// <summary>The second path of a comparison, or the destination of a copy.</summary>
    public ReadOnlySpan<byte> OtherPath { get; private init; }

    /// <summary>The data of a write or of a comparison.</summary>
    public ReadOnlySpan<byte> Data { get; private init; }

    /// <summary>The number that an increment adds, the mask of a watch, or the id of the watch to remove.</summary>
    public uint Number { get; private init; }

    /// <summary>False for an increment whose number has not four bytes.</summary>
    public bool HasNumber { get; private init; }

    /// <summary>The operation.</summary>
    public Opcode Opcode => Header.Opcode;

    /// <summary>Whether it is ordered, and executed by every conductor.</summary>
    public bool IsReplicated => IsReplicatedCode(Header.Opcode);

    /// <summary>Whether requests of this operation are ordered.</summary>
    public static bool IsReplicatedCode(Opcode opcode) =>
        opcode is not (Opcode.Read or Opcode.List or Opcode.AddWatch or Opcode.RemoveWatch);

    /// <summary>The requests of a transaction.</summary>
    public ChildEnumerator Children => new(Message[MessageHeader.LengthBytes..]);

    /// <summary>
    /// Checks a whole message. The result is what to answer when it is not <see cref="ResultCode.Success"/>: the
    /// message is malformed, or it asks for more than a value may have.
    /// </summary>
    /// <param name="message">The header and exactly its data.</param>
    /// <param name="request">The request; only its header counts when there is something to answer.</param>
    public static ResultCode TryRead(ReadOnlySpan<byte> message, out Request request) =>
        TryRead(message, isChild: false, out request);

    private static ResultCode TryRead(ReadOnlySpan<byte> message, bool isChild, out Request request)
    {
        if (message.Length < MessageHeader.LengthBytes)
        {
            request = default;
            return ResultCode.Message;
        }

        var header = MessageHeader.Read(message);
        request = new Request(header, message);
        if (header.Type != MessageType.Request
            || header.DataLength != (uint)(message.Length - MessageHeader.LengthBytes)
            || header.DataLength > AccordLimits.MessageDataBytesMax
            || (isChild && header.Opcode is Opcode.Transaction or Opcode.List or Opcode.AddWatch
                or Opcode.RemoveWatch))
            return ResultCode.Message;
        return ReadArguments(header, message, ref request);
    }

    private static ResultCode ReadArguments(MessageHeader header, ReadOnlySpan<byte> message, ref Request request)
    {
        var reader = new ArgumentReader(message[MessageHeader.LengthBytes..]);
        ReadOnlySpan<byte> path = default, other = default, data = default;
        switch (header.Opcode)
        {
            case Opcode.Write or Opcode.Compare when reader.TryReadPath(out path) && reader.TryRead(out data):
            case Opcode.Read or Opcode.Delete when reader.TryReadPath(out path):
            case Opcode.CompareValues or Opcode.Copy when reader.TryReadPath(out path)
                && reader.TryReadPath(out other):
            case Opcode.Increment when reader.TryReadPath(out path) && reader.TryRead(out data):
            case Opcode.AddWatch when reader.TryReadPath(out path) && reader.TryReadNumber(out data):
            case Opcode.RemoveWatch when reader.TryReadNumber(out data):
            case Opcode.List when reader.IsAtEnd || reader.TryReadPath(out path):
                break;
            case Opcode.Transaction:
                return CheckChildren(reader);
            default:
                return ResultCode.Message;
        }

        if (!reader.IsAtEnd)
            return ResultCode.Message;
        var isNumber = header.Opcode is Opcode.Increment or Opcode.AddWatch or Opcode.RemoveWatch
            && data.Length == sizeof(uint);
        request = new Request(header, message)
        {
            Path = path,
            OtherPath = other,
            Data = data,
            HasNumber = isNumber,
            Number = isNumber ? BinaryPrimitives.ReadUInt32LittleEndian(data) : 0,
        };
        return FitsValue(header, data.Length) ? ResultCode.Success : ResultCode.Store;
    }

    // An append has its place behind the end, and only the store knows where that is.
    private static bool FitsValue(in MessageHeader header, int length) => header.Opcode switch
    {
        Opcode.Write when (header.Flags & RequestOptions.Append) == RequestOptions.None =>
            header.Offset <= (ulong)(AccordLimits.ValueBytesMax - Math.Min(length, AccordLimits.ValueBytesMax))
            && length <= AccordLimits.ValueBytesMax,
        Opcode.Write => length <= AccordLimits.ValueBytesMax,
        Opcode.Read or Opcode.Increment => header.Offset <= AccordLimits.ValueBytesMax,
        _ => true,
    };

    private static ResultCode CheckChildren(ArgumentReader reader)
    {
        var result = ResultCode.Success;
        for (var count = 0; reader.TryRead(out var child); count++)
        {
            if (count == AccordLimits.TransactionOperationsMax)
                return ResultCode.Store;
            var of = TryRead(child, isChild: true, out _);
            if (of == ResultCode.Message)
                return of;
            if (of != ResultCode.Success)
                result = of;
        }

        return reader.IsAtEnd ? result : ResultCode.Message;
    }

    /// <summary>Goes over the children of a transaction that has been checked.</summary>
    internal ref struct ChildEnumerator(ReadOnlySpan<byte> data)
    {
        private ArgumentReader _reader = new(data);
        private Request _current;

        /// <summary>The child.</summary>
        public readonly Request Current => _current;

        /// <summary>Itself, for <c>foreach</c>.</summary>
        public readonly ChildEnumerator GetEnumerator() => this;

        /// <summary>Goes on to the next child.</summary>
        public bool MoveNext() =>
            _reader.TryRead(out var child) && TryRead(child, isChild: true, out _current) == ResultCode.Success;
    }
}
