using System.Collections.Concurrent;
using Totem.Cpg.Sessions;

namespace Totem.Tests.Cpg;

/// <summary>A block that was returned is used again, and never by two at once.</summary>
public sealed class MessageMemoryTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(256)]
    [InlineData(1350)]
    [InlineData(128 << 10)]
    public unsafe void A_block_that_was_returned_is_the_next_one(int length)
    {
        var memory = new MessageMemory();
        var block = memory.Take(length);
        memory.Return(block, (nuint)length);
        Assert.True(block == memory.Take(length));
        memory.Return(block, (nuint)length);
        memory.Close();
    }

    [Fact]
    public unsafe void Memory_longer_than_any_class_or_after_the_end_is_the_systems()
    {
        const int length = (128 << 10) + 1;
        var memory = new MessageMemory();
        var block = memory.Take(length);
        new Span<byte>(block, length).Fill(1);
        memory.Return(block, length);
        var late = memory.Take(10);
        memory.Close();
        memory.Return(late, 10);
        memory.Return(memory.Take(10), 10);
    }

    /// <summary>One thread takes, as the ring's does; several return. Each block carries its own
    /// number while it is out.</summary>
    [Fact]
    public async Task No_block_is_out_twice()
    {
        const int count = 200_000;
        var memory = new MessageMemory();
        using var taken = new BlockingCollection<(nint Block, long Number)>(1000);
        var returning = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            foreach (var (block, number) in taken.GetConsumingEnumerable())
                Return(memory, block, number);
        })).ToArray();
        for (var i = 0L; i < count; i++)
            taken.Add((Take(memory, i), i));

        taken.CompleteAdding();
        await Task.WhenAll(returning).WaitAsync(HangLimit.OfAWait);
        memory.Close();
    }

    private static unsafe nint Take(MessageMemory memory, long number)
    {
        var block = memory.Take(sizeof(long));
        *(long*)block = number;
        return (nint)block;
    }

    private static unsafe void Return(MessageMemory memory, nint block, long number)
    {
        Assert.Equal(number, *(long*)block);
        *(long*)block = -1;
        memory.Return((void*)block, sizeof(long));
    }
}
