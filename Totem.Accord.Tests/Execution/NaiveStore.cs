using Totem.Accord.Wire;

namespace Totem.Accord.Tests.Execution;

/// <summary>The tables of the specification, written down as plainly as possible: values are arrays, a transaction
/// works on a copy.</summary>
internal sealed class NaiveStore
{
    private SortedDictionary<string, byte[]> _values = new(StringComparer.Ordinal);

    public IEnumerable<KeyValuePair<string, byte[]>> Values => _values;

    public (ResultCode Result, List<byte[]> Reads) Execute(Command command)
    {
        var reads = new List<byte[]>();
        if (command.Children is null)
        {
            var one = Do(command, reads);
            return (one, one == ResultCode.Success ? reads : []);
        }

        var before = new SortedDictionary<string, byte[]>(_values, StringComparer.Ordinal);
        foreach (var child in command.Children)
        {
            var result = Do(child, reads);
            if (result == ResultCode.Success)
                continue;
            _values = before;
            return (result, []);
        }

        return (ResultCode.Success, reads);
    }

    private ResultCode Do(Command x, List<byte[]> reads)
    {
        _values.TryGetValue(x.Path, out var value);
        _values.TryGetValue(x.Other, out var other);
        var (create, append, exclusive) = (x.Flags.HasFlag(RequestOptions.Create),
            x.Flags.HasFlag(RequestOptions.Append), x.Flags.HasFlag(RequestOptions.Exclusive));
        switch (x.Opcode)
        {
            case Opcode.Write:
                if (value is null && !create)
                    return ResultCode.NotFound;
                if (value is not null && create && exclusive)
                    return ResultCode.Exists;
                if (append)
                    _values[x.Path] = [.. value ?? [], .. x.Data];
                else if (create && x.Offset == 0)
                    _values[x.Path] = x.Data;
                else
                    _values[x.Path] = Overwrite(value ?? [], x.Offset, x.Data);
                return ResultCode.Success;
            case Opcode.Read:
                if (value is null)
                    return ResultCode.NotFound;
                reads.Add([.. value.Skip(x.Offset).Take((int)Math.Min(x.Size, int.MaxValue))]);
                return ResultCode.Success;
            case Opcode.Delete:
                return _values.Remove(x.Path) ? ResultCode.Success : ResultCode.NotFound;
            case Opcode.Compare:
                return value is null ? ResultCode.NotFound
                    : value.SequenceEqual(x.Data) ? ResultCode.Success : ResultCode.NotEqual;
            case Opcode.CompareValues:
                return value is null || other is null ? ResultCode.NotFound
                    : value.SequenceEqual(other) ? ResultCode.Success : ResultCode.NotEqual;
            case Opcode.Copy:
                if (value is null || (other is null && !create))
                    return ResultCode.NotFound;
                if (other is not null && create && exclusive)
                    return ResultCode.Exists;
                _values[x.Other] = create && append && other is not null ? [.. other, .. value] : value;
                return ResultCode.Success;
            case Opcode.Increment:
                if (value is null)
                    return ResultCode.NotFound;
                if (create && exclusive)
                    return ResultCode.Exists;
                if (x.Data.Length != 4 || value.Length < x.Offset + 4)
                    return ResultCode.Unknown;
                _values[x.Path] = Overwrite(value, x.Offset, BitConverter.GetBytes(
                    BitConverter.ToUInt32(value, x.Offset) + BitConverter.ToUInt32(x.Data)));
                return ResultCode.Success;
            default:
                var listed = _values.Keys.Where(k => k.StartsWith(x.Path, StringComparison.Ordinal))
                    .SelectMany(TestRequest.Path).ToArray();
                if (listed.Length > 0)
                    reads.Add(listed);
                return ResultCode.Success;
        }
    }

    private static byte[] Overwrite(byte[] value, int offset, byte[] data)
    {
        var result = new byte[Math.Max(value.Length, offset + data.Length)];
        value.CopyTo(result, 0);
        data.CopyTo(result, offset);
        return result;
    }
}

/// <summary>A request as a test draws it.</summary>
internal sealed record Command(
    Opcode Opcode, RequestOptions Flags, string Path, string Other, byte[] Data, int Offset, uint Size,
    IReadOnlyList<Command>? Children)
{
    public byte[] Encode() => Opcode switch
    {
        Opcode.Transaction => TestRequest.Transaction(7, [.. Children!.Select(x => x.Encode())]),
        Opcode.Write or Opcode.Compare or Opcode.Increment => With(TestRequest.Path(Path), Data),
        Opcode.CompareValues or Opcode.Copy => With(TestRequest.Path(Path), TestRequest.Path(Other)),
        Opcode.List when Path.Length == 0 => With(),
        _ => With(TestRequest.Path(Path)),
    };

    public override string ToString() => Children is null
        ? $"{Opcode} {Flags} {Path} {Other} [{Convert.ToHexString(Data)}] at {Offset}, {Size}"
        : $"{{ {string.Join("; ", Children)} }}";

    private byte[] With(params byte[][] arguments) => TestRequest.Of(Opcode, 7, Flags, (ulong)Offset, Size, arguments);
}
