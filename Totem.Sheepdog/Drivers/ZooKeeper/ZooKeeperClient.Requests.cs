using System.Runtime.InteropServices;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

// Requests and their answers.
internal sealed unsafe partial class ZooKeeperClient
{
    /// <summary>Makes the call that a request describes.</summary>
    public void Ask(BackendRequest request, Action<BackendAnswer> answer)
    {
        switch (request.Kind)
        {
            case BackendRequestKind.Get:
                Get(request.Path, (code, data, stat) => answer(new(request, code) { Data = data ?? [], Stat = stat }));
                break;
            case BackendRequestKind.Exists:
                Exists(request.Path, request.IsWatched, (code, stat) => answer(new(request, code) { Stat = stat }));
                break;
            case BackendRequestKind.Children:
                Children(request.Path, (code, names) => answer(new(request, code) { Names = names }));
                break;
            case BackendRequestKind.Sync:
                Sync(request.Path, code => answer(new(request, code)));
                break;
            default:
                Write([.. request.Writes], (code, results) => answer(new(request, code) { Results = results }));
                break;
        }
    }

    /// <summary>Reads a znode. The bytes are null when it could not be read.</summary>
    public void Get(string path, Action<ZooKeeperCode, byte[]?, ZooKeeperStat> answer) =>
        Submit(answer, context => ZooKeeperLibrary.Get(_handle, path, 0, &OnData, context), code => answer(code, null, default));

    /// <summary>Looks whether a znode is there.</summary>
    /// <param name="path">Which.</param>
    /// <param name="isWatched">Whether its creation, change or end is told, once.</param>
    /// <param name="answer">Takes what is known of it.</param>
    public void Exists(string path, bool isWatched, Action<ZooKeeperCode, ZooKeeperStat> answer) =>
        Submit(
            answer,
            context => ZooKeeperLibrary.Exists(_handle, path, isWatched ? 1 : 0, &OnStat, context),
            code => answer(code, default));

    /// <summary>Lists the names below a znode.</summary>
    public void Children(string path, Action<ZooKeeperCode, string[]> answer) =>
        Submit(answer, context => ZooKeeperLibrary.Children(_handle, path, 0, &OnStrings, context), code => answer(code, []));

    /// <summary>Waits until the server that this client is connected to knows all that was written before.</summary>
    public void Sync(string path, Action<ZooKeeperCode> answer) =>
        Submit(answer, context => ZooKeeperLibrary.Sync(_handle, path, &OnText, context), answer);

    /// <summary>Writes all of it or nothing.</summary>
    public void Write(ReadOnlySpan<ZooKeeperWrite> writes, Action<ZooKeeperCode, ZooKeeperResults> answer)
    {
        var call = new MultiCall(writes, answer);
        Submit(call, context => call.Submit(_handle, context), code => call.End(code));
    }

    /// <summary>The library answers exactly once what it took. A request that it does not take is answered elsewhere,
    /// not from within.</summary>
    private void Submit(object request, Func<nint, int> submit, Action<ZooKeeperCode> refuse)
    {
        var context = GCHandle.Alloc(request);
        var code = ZooKeeperCode.Closing;
        lock (_gate)
        {
            if (_handle != 0)
                code = (ZooKeeperCode)submit(GCHandle.ToIntPtr(context));
        }

        if (code == ZooKeeperCode.Ok)
            return;
        context.Free();
        ThreadPool.QueueUserWorkItem(_ => refuse(code));
    }

    private static T Take<T>(nint context)
    {
        var handle = GCHandle.FromIntPtr(context);
        var request = (T)handle.Target!;
        handle.Free();
        return request;
    }

    [UnmanagedCallersOnly]
    private static void OnData(int code, byte* value, int length, ZooKeeperStat* stat, nint context) =>
        Take<Action<ZooKeeperCode, byte[]?, ZooKeeperStat>>(context)(
            (ZooKeeperCode)code,
            code != 0 ? null : length <= 0 ? [] : new ReadOnlySpan<byte>(value, length).ToArray(),
            stat is null ? default : *stat);

    [UnmanagedCallersOnly]
    private static void OnStat(int code, ZooKeeperStat* stat, nint context) =>
        Take<Action<ZooKeeperCode, ZooKeeperStat>>(context)((ZooKeeperCode)code, stat is null ? default : *stat);

    [UnmanagedCallersOnly]
    private static void OnStrings(int code, ZooKeeperStrings* strings, nint context)
    {
        var names = code == 0 && strings is not null ? new string[strings->Count] : [];
        for (var i = 0; i < names.Length; i++)
            names[i] = Marshal.PtrToStringUTF8((nint)strings->Items[i])!;
        Take<Action<ZooKeeperCode, string[]>>(context)((ZooKeeperCode)code, names);
    }

    [UnmanagedCallersOnly]
    private static void OnText(int code, byte* value, nint context) => Take<Action<ZooKeeperCode>>(context)((ZooKeeperCode)code);

    [UnmanagedCallersOnly]
    private static void OnMulti(int code, nint context) => Take<MultiCall>(context).End((ZooKeeperCode)code);

    /// <summary>A transaction on its way, with the memory that its answer is written to.</summary>
    private sealed class MultiCall(ReadOnlySpan<ZooKeeperWrite> writes, Action<ZooKeeperCode, ZooKeeperResults> answer)
    {
        /// <summary>The digits that a sequential name has more than was asked for, and the zero at its end.</summary>
        private const int NumberBytes = 16;

        private readonly ZooKeeperWrite[] _writes = writes.ToArray();
        private ZooKeeperOpResult* _results;

        public int Submit(nint handle, nint context)
        {
            var paths = Array.ConvertAll(_writes, x => System.Text.Encoding.UTF8.GetBytes(x.Path + '\0'));
            var pins = new List<System.Buffers.MemoryHandle>();
            var ops = (ZooKeeperOp*)NativeMemory.AllocZeroed((nuint)_writes.Length, (nuint)sizeof(ZooKeeperOp));
            var resultBytes = _writes.Length * sizeof(ZooKeeperOpResult);
            _results = (ZooKeeperOpResult*)NativeMemory.AllocZeroed((nuint)(resultBytes + paths.Sum(x => x.Length + NumberBytes)));
            try
            {
                var created = (byte*)_results + resultBytes;
                for (var i = 0; i < _writes.Length; i++)
                {
                    var pathPin = paths[i].AsMemory().Pin();
                    var dataPin = _writes[i].Data.Pin();
                    pins.Add(pathPin);
                    pins.Add(dataPin);
                    Fill(ops + i, _writes[i], (byte*)pathPin.Pointer, (byte*)dataPin.Pointer, created, paths[i].Length + NumberBytes);
                    created += paths[i].Length + NumberBytes;
                }

                var code = ZooKeeperLibrary.Multi(handle, _writes.Length, ops, _results, &OnMulti, context);
                if (code != 0)
                    Free();
                return code;
            }
            finally
            {
                NativeMemory.Free(ops);
                pins.ForEach(x => x.Dispose());
            }
        }

        public void End(ZooKeeperCode code)
        {
            var results = default(ZooKeeperResults);
            if (_results is not null)
            {
                var failed = -1;
                for (var i = 0; i < _writes.Length && failed < 0 && code != ZooKeeperCode.Ok; i++)
                    failed = _results[i].Code == (int)code ? i : -1;
                var created = code == ZooKeeperCode.Ok
                    ? Enumerable.Range(0, _writes.Length).Select(x => Marshal.PtrToStringUTF8((nint)_results[x].Value) ?? "").ToArray()
                    : [];
                results = new ZooKeeperResults(created, failed);
                Free();
            }

            answer(code, results);
        }

        private static void Fill(ZooKeeperOp* op, in ZooKeeperWrite write, byte* path, byte* data, byte* created, int createdLength)
        {
            switch (write.Kind)
            {
                case ZooKeeperWriteKind.Create:
                    ZooKeeperLibrary.InitCreate(
                        op, path, data, write.Data.Length, ZooKeeperLibrary.OpenAccess, (int)write.Mode, created, createdLength);
                    break;
                case ZooKeeperWriteKind.Delete:
                    ZooKeeperLibrary.InitDelete(op, path, write.Version);
                    break;
                default:
                    ZooKeeperLibrary.InitSet(op, path, data, write.Data.Length, write.Version, null);
                    break;
            }
        }

        private void Free()
        {
            NativeMemory.Free(_results);
            _results = null;
        }
    }
}
