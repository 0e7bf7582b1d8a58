using Totem.Transport.Udp.Storage;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>WIRE §6.3: a ring id is unique only because of this file.</summary>
public sealed class RingSequenceFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Ringid => Path.Combine(_directory.Path, "ringid_7");

    private RingSequenceFile Open() => new(_directory.Path, new ProcessorId(7));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void First_start_reads_zero_and_creates_the_directory()
    {
        var nested = Path.Combine(_directory.Path, "a", "b");

        Assert.Equal(0ul, new RingSequenceFile(nested, new ProcessorId(7)).Read());
        Assert.True(Directory.Exists(nested));
    }

    [Fact]
    public void A_number_that_was_written_is_read_by_the_next_start_and_begins_as_corosync_s()
    {
        using var file = Open();
        file.Write(31);
        file.Write(0x0102_0304_0506_0708);

        Assert.Equal(0x0102_0304_0506_0708ul, Open().Read());
        Assert.Equal(BitConverter.GetBytes(0x0102_0304_0506_0708ul), File.ReadAllBytes(Ringid)[..8]);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Ringid));
    }

    [Fact]
    public void A_ring_of_one_host_needs_no_flush_and_the_same_file()
    {
        new RingSequenceFile(_directory.Path, new ProcessorId(7), survivesPowerLoss: false).Write(9);

        Assert.Equal(9ul, Open().Read());
    }

    [Fact]
    public void A_write_torn_by_a_crash_leaves_the_number_before()
    {
        Open().Write(30);
        File.WriteAllBytes(Ringid + ".new", [1, 2, 3]);

        Assert.Equal(30ul, Open().Read());
        Assert.False(File.Exists(Ringid + ".new"));
        Open().Write(31);
        Assert.Equal(31ul, Open().Read());
    }

    [Fact]
    public void Numbers_overwrite_one_file_in_place()
    {
        using var file = Open();
        file.Write(1);
        var length = new FileInfo(Ringid).Length;
        for (var i = 2ul; i <= 9; i++)
        {
            file.Write(i);
            Assert.Equal(i, Open().Read());
        }

        Assert.Equal(length, new FileInfo(Ringid).Length);
        Assert.Equal([Ringid], Directory.GetFiles(_directory.Path));
    }

    /// <summary>A crash can tear the slot that is being written; whichever it is, the number before
    /// it is found, or that number itself.</summary>
    [Theory]
    [InlineData(512)]
    [InlineData(1024)]
    public void A_torn_or_erased_slot_is_never_believed(int slot)
    {
        using (var file = Open())
        {
            file.Write(30);
            file.Write(34);
        }

        var whole = File.ReadAllBytes(Ringid);
        for (var at = 0; at < 32; at++)
        {
            foreach (var damage in new byte[] { 0, 0xFF, (byte)(whole[slot + at] ^ 1) })
            {
                var torn = (byte[])whole.Clone();
                // Corosync's number is written after the slot.
                BitConverter.TryWriteBytes(torn, 30ul);
                torn.AsSpan(slot + at, 32 - at).Fill(damage);
                File.WriteAllBytes(Ringid, torn);
                Assert.Contains(Open().Read(), new[] { 30ul, 34ul });
            }
        }
    }

    [Fact]
    public void A_file_of_corosync_s_is_taken_over_and_what_it_wrote_since_counts()
    {
        File.WriteAllBytes(Ringid, BitConverter.GetBytes(1234ul));
        Assert.Equal(1234ul, Open().Read());
        using (var file = Open())
            file.Write(2000);
        using (var daemon = File.OpenWrite(Ringid))
            daemon.Write(BitConverter.GetBytes(2008ul));
        Assert.Equal(2008ul, Open().Read());
    }

    [Fact]
    public void An_erased_file_of_corosync_s_is_not_believed()
    {
        foreach (var number in new[] { ulong.MaxValue, 1ul << 63 })
        {
            File.WriteAllBytes(Ringid, BitConverter.GetBytes(number));
            Assert.Contains("8 of corosync's, below 2^63",
                Assert.Throws<InvalidDataException>(() => Open().Read()).Message, StringComparison.Ordinal);
        }

        File.WriteAllBytes(Ringid, BitConverter.GetBytes((1ul << 63) - 1));
        Assert.Equal((1ul << 63) - 1, Open().Read());
    }

    [Fact]
    public void A_start_takes_up_behind_all_that_an_earlier_life_can_have_used()
    {
        var self = new ProcessorId(7);
        using (var store = RingSequenceStore.Open(Open(), self, () => { }))
        {
            Assert.Equal(0ul, store.Start);
            Assert.True(store.IsStored(RingSequenceStore.BlockCount));
        }

        using var next = RingSequenceStore.Open(Open(), self, () => { });
        Assert.InRange(next.Start, RingSequenceStore.BlockCount, 2 * RingSequenceStore.BlockCount);
    }

    [Fact]
    public void A_number_beyond_the_block_waits_for_the_storing_thread_and_for_nothing_else()
    {
        using var stored = new SemaphoreSlim(0);
        using var store = RingSequenceStore.Open(Open(), new ProcessorId(7), () => stored.Release());
        const ulong far = 100_000;
        Assert.False(store.IsStored(far));
        Assert.True(stored.Wait(TimeSpan.FromSeconds(30)));
        Assert.True(store.IsStored(far));
        Assert.True(Open().Read() >= far);
        Assert.Null(store.Failure);
    }

    [Fact]
    public void A_start_that_cannot_store_is_refused()
    {
        Directory.CreateDirectory(Ringid + ".new");
        Assert.ThrowsAny<Exception>(() => RingSequenceStore.Open(Open(), new ProcessorId(7), () => { }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(1536)]
    public void A_file_of_another_length_is_refused_by_name(int length)
    {
        File.WriteAllBytes(Ringid, new byte[length]);

        var exception = Assert.Throws<InvalidDataException>(() => Open().Read());

        Assert.Contains(Ringid, exception.Message, StringComparison.Ordinal);
        Assert.Contains($"has {length} bytes and no ring sequence", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_an_error_and_never_zero()
    {
        Directory.CreateDirectory(Ringid);

        Assert.ThrowsAny<Exception>(() =>
        {
            var file = Open();
            file.Write(5);
            return file.Read();
        });
    }
}
