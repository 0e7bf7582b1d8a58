using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Text;
using Totem.Platform.Programs;
using Totem.Transport.Udp.Embedding;

namespace Totem.Sheepdog.Native;

/// <summary>The work of the functions: checks of what C hands in, and the driver's answers as numbers. The text of a
/// failure is kept for its thread.</summary>
internal static unsafe class SheepdogCalls
{
    /// <summary>Longer ones are an argument that is not a text.</summary>
    private const int DriverTextBytesMax = 4096;

    /// <summary>A process has one driver, tests have a few.</summary>
    private const int HandleCountMax = 1024;

    private static readonly HandleTable<SheepdogHandle> Handles = new(HandleCountMax);

    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    [ThreadStatic]
    private static string? _error;

    public static Result Open(
        byte* driver, nuint driverLength, nuint identityLength, NativeCallbacks* callbacks, nint user, ulong* handle)
    {
        if (driverLength > DriverTextBytesMax)
            return Fail(Result.Invalid, $"a driver's text of more than {DriverTextBytesMax} bytes");
        if (identityLength is 0 or > SheepNode.MaxBytes)
            return Fail(Result.Invalid, $"an identity of {identityLength} bytes, expected 1 to {SheepNode.MaxBytes}");
        string? text;
        try
        {
            text = driver == null ? null : StrictUtf8.GetString(driver, (int)driverLength);
        }
        catch (DecoderFallbackException failure)
        {
            // Two names of other bytes would be one cluster.
            return Fail(Result.Invalid, $"the driver's text is no UTF-8 at byte {failure.Index}");
        }

        var events = new NativeEvents(*callbacks, user);
        var opened = SheepdogHandle.Open(text, (int)identityLength, events);
        *handle = Handles.Add(opened);
        if (*handle != 0)
            return Result.Ok;
        opened.Dispose();
        return Fail(Result.Full, $"{HandleCountMax} handles are open");
    }

    public static Result Reopen(ulong handle)
    {
        if (Handles.Find(handle) is not { } opened)
            return Unknown();
        opened.Reopen();
        return Result.Ok;
    }

    public static Result Close(ulong handle, nint* user)
    {
        if (Handles.Find(handle) is not { } opened)
            return Unknown();
        if (opened.IsInCallback)
            return Fail(Result.InCallback, "a handle cannot be closed from within its callbacks");
        if (Handles.Remove(handle) is null)
            return Unknown();
        *user = opened.Events.User;
        opened.Dispose();
        return Result.Ok;
    }

    /// <summary>The process ends: what it has sent is to reach the others. Nothing is freed, as a
    /// callback may be running.</summary>
    public static void End()
    {
        foreach (var opened in Handles.All())
            opened.Driver.Dispose();
    }

    public static int Descriptor(ulong handle) =>
        Handles.Find(handle) is { } opened ? opened.Descriptor : (int)Unknown();

    public static Result Dispatch(ulong handle)
    {
        if (Handles.Find(handle) is not { } opened)
            return Unknown();
        return opened.TryDispatch() ? Result.Ok : Fail(Result.InCallback, "dispatch was called while it runs");
    }

    public static Result LocalAddress(ulong handle, byte* address)
    {
        if (Handles.Find(handle) is not { } opened)
            return Unknown();
        opened.Driver.GetLocalAddress(new Span<byte>(address, 16));
        return Result.Ok;
    }

    public static Result Join(ulong handle, byte* node, nuint nodeLength, byte* opaque, nuint opaqueLength)
    {
        if (Handles.Find(handle) is not { } opened)
            return Unknown();
        if (!TryNode(opened, node, nodeLength, out var self)
            || !TryBytes(opaque, opaqueLength, ClusterLimits.MaxOpaqueBytes, "opaque buffer", out var bytes))
            return Result.Invalid;
        opened.Self = self;
        opened.Driver.Join(self, bytes);
        return Result.Ok;
    }

    public static Result Leave(ulong handle)
    {
        if (Handles.Find(handle) is not { } opened)
            return Unknown();
        opened.Driver.Leave();
        return Result.Ok;
    }

    public static Result Notify(ulong handle, byte* message, nuint length)
    {
        if (Handles.Find(handle) is not { } opened)
            return Unknown();
        return TryMessage(message, length, out var bytes) ? ResultOf(opened.Driver.Notify(bytes)) : Result.Invalid;
    }

    public static Result Block(ulong handle) =>
        Handles.Find(handle) is { } opened ? ResultOf(opened.Driver.Block()) : Unknown();

    public static Result Unblock(ulong handle, byte* message, nuint length)
    {
        if (Handles.Find(handle) is not { } opened)
            return Unknown();
        return TryMessage(message, length, out var bytes) ? ResultOf(opened.Driver.Unblock(bytes)) : Result.Invalid;
    }

    public static Result UpdateNode(ulong handle, byte* node, nuint length)
    {
        if (Handles.Find(handle) is not { } opened)
            return Unknown();
        if (!TryNode(opened, node, length, out var self))
            return Result.Invalid;
        return self.Equals(opened.Self)
            ? ResultOf(opened.Driver.UpdateNode(self))
            : Fail(Result.Invalid, "an update of another node than the one that joined");
    }

    public static Result Lock(ulong handle, ulong id)
    {
        if (Handles.Find(handle) is not { } opened)
            return Unknown();
        if (opened.IsInCallback)
            return Fail(Result.Deadlock, "a lock cannot be waited for by the thread that dispatches");
        opened.Driver.Lock(id);
        return Result.Ok;
    }

    public static Result Unlock(ulong handle, ulong id)
    {
        if (Handles.Find(handle) is not { } opened)
            return Unknown();
        return opened.Driver.Unlock(id) ? Result.Ok
            : Fail(Result.LockLost, $"lock {id} is not held: never taken, or lost with a session");
    }

    /// <summary>Writes the text of this thread's last failure, with its zero.</summary>
    public static void Error(byte* text, nuint room)
    {
        if (text == null || room == 0)
            return;
        var target = new Span<byte>(text, (int)nuint.Min(room, int.MaxValue));
        _ = Encoding.UTF8.TryGetBytes(_error ?? "", target[..^1], out var written);
        if (written == 0 && _error is { Length: > 0 } error)
            Encoding.UTF8.GetEncoder().Convert(error, target[..^1], flush: false, out _, out written, out _);
        target[written] = 0;
    }

    /// <summary>The number that an exception is to C.</summary>
    public static Result Fail(Exception failure)
    {
        var text = FailureText.Of(failure);
        return FailureText.Cause(failure) switch
        {
            ClusterDriverException { IsConfiguration: true } known => Fail(Result.Invalid, known.Message),
            ClusterDriverException known => Fail(Result.CannotStart, known.Message),
            ObjectDisposedException => Fail(Result.Closed, "the handle was closed meanwhile"),
            ArgumentException => Fail(Result.Invalid, text),
            OutOfMemoryException => Fail(Result.NoMemory, text),
            Win32Exception and not SocketException => Fail(Result.Full, text),
            InvalidOperationException known => Fail(Result.NotSent, known.Message),
            var cause when FailureText.IsForeseen(cause) => Fail(Result.CannotStart, text),
            _ => Fail(Result.Defect, text),
        };
    }

    private static Result Fail(Result result, string text)
    {
        _error = text;
        return result;
    }

    private static Result Unknown() => Fail(Result.BadHandle, "no such handle");

    private static Result ResultOf(ClusterResult result) => result switch
    {
        ClusterResult.Success => Result.Ok,
        ClusterResult.NotSupported => Fail(Result.NotSupported, "this driver cannot do that"),
        _ => Fail(Result.NotSent, "not sent: there is no session, or more is waiting than is kept"),
    };

    private static bool TryNode(
        SheepdogHandle opened, byte* bytes, nuint length, [NotNullWhen(true)] out SheepNode? node)
    {
        node = null;
        if (!TryBytes(bytes, length, SheepNode.MaxBytes, "node", out var span))
            return false;
        node = opened.Node(span);
        return true;
    }

    private static bool TryMessage(byte* bytes, nuint length, out ReadOnlySpan<byte> message)
        => TryBytes(bytes, length, ClusterLimits.MaxMessageBytes, "message", out message);

    private static bool TryBytes(byte* bytes, nuint length, int max, string what, out ReadOnlySpan<byte> span)
    {
        span = default;
        if (length > (nuint)max || (bytes == null && length > 0))
        {
            var problem = bytes == null ? "at no address" : $"expected at most {max}";
            Fail(Result.Invalid, $"the {what} has {length} bytes, {problem}");
            return false;
        }

        span = new ReadOnlySpan<byte>(bytes, (int)length);
        return true;
    }
}
