using System.Buffers.Binary;
using Totem.Accord.Store;
using Totem.Accord.Wire;

namespace Totem.Accord.Execution;

/// <summary>
/// Executes requests: the effect and the answer of one depend on the store and the request alone, so they are
/// the same at every conductor. The tables are in ACCORD §6; each departure from the original stands in ACCORD §12.
/// </summary>
internal sealed class StoreExecutor(ReplicatedStore store)
{
    private readonly ReadAnswer _answer = new();
    private long _answerBytes;

    /// <summary>The arguments of the answer to the last request, where the caller asked for them; none after a
    /// failure.</summary>
    public ReadOnlySpan<byte> Answer => _answer.Encoded;

    /// <summary>Executes a request of the store.</summary>
    /// <param name="request">The request, of any operation but those of watches.</param>
    /// <param name="wantsAnswer">False where nobody here waits for it: its result is the same all the same.</param>
    public ResultCode Execute(in Request request, bool wantsAnswer)
    {
        _answer.Clear();
        _answerBytes = 0;
        if (request.Opcode != Opcode.Transaction)
            return ExecuteOne(request, wantsAnswer);
        store.Begin();
        foreach (var child in request.Children)
        {
            var result = ExecuteOne(child, wantsAnswer);
            if (result == ResultCode.Success)
                continue;
            store.Abort();
            _answer.Clear();
            return result;
        }

        store.Commit();
        return ResultCode.Success;
    }

    private ResultCode ExecuteOne(in Request request, bool wantsAnswer) => request.Opcode switch
    {
        Opcode.Write => Write(request),
        Opcode.Read => Read(request, wantsAnswer),
        Opcode.Delete => store.Remove(request.Path) ? ResultCode.Success : ResultCode.NotFound,
        Opcode.Compare => Compare(request),
        Opcode.CompareValues => CompareValues(request),
        Opcode.Copy => Copy(request),
        Opcode.Increment => Increment(request),
        Opcode.List => List(request.Path),
        _ => ResultCode.Message,
    };

    private ResultCode Write(in Request request)
    {
        var flags = request.Header.Flags;
        var isThere = store.TryGet(request.Path, out var old);
        if (Refusal(flags, isThere) is { } refusal)
            return refusal;
        var isAppend = flags.HasFlag(RequestOptions.Append);
        var offset = isAppend ? old?.LengthBytes ?? 0 : (int)request.Header.Offset;
        if (offset > AccordLimits.ValueBytesMax - request.Data.Length)
            return ResultCode.Store;
        // A create at the beginning puts the value, in a transaction too; everything else changes a part of it.
        var isPut = flags.HasFlag(RequestOptions.Create) && !isAppend && offset == 0;
        var length = offset + request.Data.Length;
        if (!isPut)
            length = Math.Max(length, old?.LengthBytes ?? 0);
        if (!HasRoom(request.Path, length, isThere ? old : null))
            return ResultCode.Store;
        store.Set(request.Path, (old ?? StoredValue.Empty).Write(offset, request.Data, keepsRest: !isPut));
        return ResultCode.Success;
    }

    private ResultCode Read(in Request request, bool wantsAnswer)
    {
        if (!store.TryGet(request.Path, out var value))
            return ResultCode.NotFound;
        var offset = (int)Math.Min(request.Header.Offset, (ulong)value.LengthBytes);
        var length = (int)Math.Min(request.Header.Size, (uint)(value.LengthBytes - offset));
        _answerBytes += sizeof(uint) + length;
        // Counted where nobody waits as well: a transaction that reads too much fails everywhere.
        if (_answerBytes > AccordLimits.AnswerBytesMax)
            return ResultCode.Store;
        if (wantsAnswer)
            value.CopyTo(offset, _answer.Add(length));
        return ResultCode.Success;
    }

    private ResultCode Compare(in Request request)
    {
        if (!store.TryGet(request.Path, out var value))
            return ResultCode.NotFound;
        return value.Equals(request.Data) ? ResultCode.Success : ResultCode.NotEqual;
    }

    private ResultCode CompareValues(in Request request)
    {
        if (!store.TryGet(request.Path, out var value) || !store.TryGet(request.OtherPath, out var other))
            return ResultCode.NotFound;
        return value.SameBytes(other) ? ResultCode.Success : ResultCode.NotEqual;
    }

    private ResultCode Copy(in Request request)
    {
        if (!store.TryGet(request.Path, out var source))
            return ResultCode.NotFound;
        var flags = request.Header.Flags;
        var isThere = store.TryGet(request.OtherPath, out var old);
        if (Refusal(flags, isThere) is { } refusal)
            return refusal;
        var copy = source;
        // Only with CREATE, as the original has it: alone the flag means nothing.
        if (flags.HasFlag(RequestOptions.Create | RequestOptions.Append) && old is not null)
        {
            if (old.LengthBytes > AccordLimits.ValueBytesMax - source.LengthBytes)
                return ResultCode.Store;
            if (!HasRoom(request.OtherPath, old.LengthBytes + source.LengthBytes, old))
                return ResultCode.Store;
            copy = old.Write(old.LengthBytes, source.ToArray(), keepsRest: true);
        }
        else if (!HasRoom(request.OtherPath, source.LengthBytes, old))
        {
            return ResultCode.Store;
        }

        store.Set(request.OtherPath, copy);
        return ResultCode.Success;
    }

    private ResultCode Increment(in Request request)
    {
        if (!store.TryGet(request.Path, out var value))
            return ResultCode.NotFound;
        if (request.Header.Flags.HasFlag(RequestOptions.Create | RequestOptions.Exclusive))
            return ResultCode.Exists;
        var offset = (int)request.Header.Offset;
        if (!request.HasNumber || offset > value.LengthBytes - sizeof(uint))
            return ResultCode.Unknown;
        Span<byte> number = stackalloc byte[sizeof(uint)];
        value.CopyTo(offset, number);
        BinaryPrimitives.WriteUInt32LittleEndian(
            number, unchecked(BinaryPrimitives.ReadUInt32LittleEndian(number) + request.Number));
        store.Set(request.Path, value.Write(offset, number, keepsRest: true));
        return ResultCode.Success;
    }

    private ResultCode List(ReadOnlySpan<byte> prefixWithZero)
    {
        var prefix = prefixWithZero.IsEmpty ? prefixWithZero : prefixWithZero[..^1];
        var length = 0L;
        for (var cursor = store.From(prefix); cursor.MoveNext() && cursor.Key.AsSpan().StartsWith(prefix);)
            length += cursor.Key.Length;
        if (length == 0)
            return ResultCode.Success;
        if (length > AccordLimits.AnswerBytesMax)
            return ResultCode.Store;
        var argument = _answer.Add((int)length);
        for (var cursor = store.From(prefix); cursor.MoveNext() && cursor.Key.AsSpan().StartsWith(prefix);)
        {
            cursor.Key.CopyTo(argument);
            argument = argument[cursor.Key.Length..];
        }

        return ResultCode.Success;
    }

    private static ResultCode? Refusal(RequestOptions flags, bool isThere)
    {
        if (!isThere)
            return flags.HasFlag(RequestOptions.Create) ? null : ResultCode.NotFound;
        return flags.HasFlag(RequestOptions.Create | RequestOptions.Exclusive) ? ResultCode.Exists : null;
    }

    // A value that does not grow always has room: a full store can be made smaller.
    private bool HasRoom(ReadOnlySpan<byte> path, int length, StoredValue? old)
    {
        var more = old is null ? ReplicatedStore.CostOf(path.Length, length) : length - old.LengthBytes;
        return more <= 0 || store.Bytes + more <= AccordLimits.StoredBytesMax;
    }
}
