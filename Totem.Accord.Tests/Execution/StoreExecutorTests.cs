using FsCheck;
using FsCheck.Fluent;
using Totem.Accord.Execution;
using Totem.Accord.Store;
using Totem.Accord.Wire;

namespace Totem.Accord.Tests.Execution;

/// <summary>The store against a model that is written as plainly as possible.</summary>
public sealed class StoreExecutorTests
{
    private static readonly Gen<string> Paths = Gen.Elements("/a", "/ab", "/b", "/b/c");

    private static readonly Gen<Command> Single =
        from opcode in Gen.Frequency(
            (6, Gen.Constant(Opcode.Write)), (2, Gen.Constant(Opcode.Read)), (2, Gen.Constant(Opcode.Delete)),
            (2, Gen.Constant(Opcode.Compare)), (1, Gen.Constant(Opcode.CompareValues)), (3, Gen.Constant(Opcode.Copy)),
            (2, Gen.Constant(Opcode.Increment)))
        from flags in Gen.Choose(0, 15)
        from path in Paths
        from other in Paths
        from data in Gen.Frequency(
            (3, Gen.Elements<byte[]>([], [1], [1, 0, 0, 0], [2, 2, 2, 2])),
            (1, Gen.Elements(0, 1, 4, 5).Select(n => new byte[n])))
        from offset in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(0, 9)))
        from size in Gen.Elements<uint>(0, 1, 3, uint.MaxValue)
        select new Command(opcode, (RequestOptions)flags, path, other, data, offset, size, null);

    private static readonly Gen<Command> List =
        from path in Gen.Elements("", "/", "/a", "/b/c", "/x")
        select new Command(Opcode.List, RequestOptions.None, path, "", [], 0, 0, null);

    private static readonly Gen<Command> Transaction =
        from children in Single.ListOf()
        select new Command(Opcode.Transaction, RequestOptions.None, "", "", [], 0, 0, [.. children.Take(6)]);

    private static readonly Gen<Command> Any = Gen.Frequency((6, Single), (2, Transaction), (1, List));

    [Fact]
    public void Any_requests_do_what_the_tables_say() => Prop
        .ForAll(Gen.ListOf(Any, 60).ToArbitrary(), commands => Compare([.. commands]))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    /// <summary>A transaction that reads must do the same where nobody waits for its answer.</summary>
    [Fact]
    public void A_store_where_nobody_waits_is_the_same() => Prop
        .ForAll(Gen.ListOf(Any, 60).ToArbitrary(), commands =>
        {
            var (here, there) = (new ReplicatedStore(), new ReplicatedStore());
            var (atHere, atThere) = (new StoreExecutor(here), new StoreExecutor(there));
            foreach (var bytes in commands.Select(x => x.Encode()))
            {
                Assert.Equal(ResultCode.Success, Request.TryRead(bytes, out var request));
                Assert.Equal(atHere.Execute(request, wantsAnswer: true), atThere.Execute(request, wantsAnswer: false));
                Assert.Equal((here.Digest, here.Bytes, here.Count), (there.Digest, there.Bytes, there.Count));
            }
        })
        .Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void The_digest_is_that_of_a_store_which_is_filled_at_once()
    {
        var store = new ReplicatedStore();
        store.Set(TestRequest.Path("/a"), StoredValue.Of("1"u8));
        store.Set(TestRequest.Path("/b"), StoredValue.Of("2"u8));
        store.Set(TestRequest.Path("/a"), StoredValue.Of("3"u8));
        store.Remove(TestRequest.Path("/b"));
        var other = new ReplicatedStore();
        Assert.NotEqual(store.Digest, other.Digest);
        other.Set(TestRequest.Path("/a"), StoredValue.Of("3"u8));
        Assert.Equal((store.Digest, store.Bytes), (other.Digest, other.Bytes));
        other.Remove(TestRequest.Path("/a"));
        Assert.Equal((0ul, 0L), (other.Digest, other.Bytes));
        // Neither a value that moved to another path, nor two that changed places.
        other.Set(TestRequest.Path("/b"), StoredValue.Of("3"u8));
        Assert.NotEqual(store.Digest, other.Digest);
    }

    [Fact]
    public void A_transaction_that_reads_too_much_fails_and_so_does_a_value_that_grows_too_long()
    {
        var store = new ReplicatedStore();
        var executor = new StoreExecutor(store);
        ResultCode Do(byte[] bytes)
        {
            Assert.Equal(ResultCode.Success, Request.TryRead(bytes, out var request));
            return executor.Execute(request, wantsAnswer: false);
        }

        const int half = AccordLimits.ValueBytesMax / 2;
        Assert.Equal(ResultCode.Success, Do(TestRequest.Write("/a", [1], offset: half)));
        Assert.Equal(ResultCode.Success, Do(TestRequest.Transaction(1, TestRequest.Read("/a"))));
        Assert.Equal(ResultCode.Store, Do(TestRequest.Transaction(
            1, TestRequest.Read("/a"), TestRequest.Read("/a"), TestRequest.Read("/a"))));
        Assert.Equal(ResultCode.Success, Do(TestRequest.Write("/a", [1], offset: AccordLimits.ValueBytesMax - 1)));
        Assert.Equal(ResultCode.Store, Do(TestRequest.Write("/a", [1], RequestOptions.Append)));
        Assert.Equal(ResultCode.Success, Do(TestRequest.Write("/b", [1])));
        Assert.Equal(ResultCode.Store, Do(TestRequest.Of(
            Opcode.Copy, 1, RequestOptions.Create | RequestOptions.Append, 0, 0, TestRequest.Path("/b"),
            TestRequest.Path("/a"))));
    }

    [Fact]
    public void A_full_store_refuses_what_grows_and_takes_the_rest()
    {
        var store = new ReplicatedStore();
        var executor = new StoreExecutor(store);
        ResultCode Do(byte[] bytes)
        {
            Assert.Equal(ResultCode.Success, Request.TryRead(bytes, out var request));
            return executor.Execute(request, wantsAnswer: false);
        }

        // Gaps take no memory, but count.
        var i = 0;
        while (Do(TestRequest.Write($"/{i}", [1], offset: AccordLimits.ValueBytesMax - 1)) == ResultCode.Success)
            i++;
        Assert.Equal(63, i);
        Assert.Equal(ResultCode.Success, Do(TestRequest.Write("/0", [2], offset: AccordLimits.ValueBytesMax - 1)));
        Assert.Equal(ResultCode.Success, Do(TestRequest.Write("/small", "short"u8)));
        Assert.Equal(ResultCode.Store, Do(TestRequest.Of(
            Opcode.Copy, 1, RequestOptions.Create, 0, 0, TestRequest.Path("/0"), TestRequest.Path("/copy"))));
        Assert.Equal(ResultCode.Success, Do(TestRequest.Delete("/1")));
        Assert.Equal(ResultCode.Success, Do(TestRequest.Write("/new", [1], offset: AccordLimits.ValueBytesMax - 1)));
    }

    private static void Compare(IReadOnlyList<Command> commands)
    {
        var model = new NaiveStore();
        var store = new ReplicatedStore();
        var executor = new StoreExecutor(store);
        foreach (var command in commands)
        {
            var bytes = command.Encode();
            Assert.Equal(ResultCode.Success, Request.TryRead(bytes, out var request));
            var result = executor.Execute(request, wantsAnswer: true);
            var (expected, reads) = model.Execute(command);
            Assert.True(expected == result, $"{command}: {expected} expected, not {result}");
            Assert.Equal(reads.SelectMany(x => (byte[])[.. BitConverter.GetBytes(x.Length), .. x]),
                executor.Answer.ToArray());
        }

        var cursor = store.From([]);
        foreach (var (path, value) in model.Values)
        {
            Assert.True(cursor.MoveNext());
            Assert.Equal(TestRequest.Path(path), cursor.Key);
            Assert.Equal(value, cursor.Value.ToArray());
        }

        Assert.False(cursor.MoveNext());
        Assert.Equal(model.Values.Sum(x => ReplicatedStore.CostOf(x.Key.Length + 1, x.Value.Length)), store.Bytes);
    }
}
