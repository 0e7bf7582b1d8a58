using Totem.Core.Model;
using Totem.Transport.Udp.Storage;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>wire.md section 6.3: a ring id is unique only because of this file.</summary>
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
    public void What_was_written_is_read_by_the_next_start_and_is_eight_native_bytes()
    {
        Open().Write(0x0102_0304_0506_0708);
        Open().Write(31);

        Assert.Equal(31ul, Open().Read());
        Assert.Equal(BitConverter.GetBytes(31ul), File.ReadAllBytes(Ringid));
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

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(9)]
    public void A_file_of_another_length_is_refused_by_name(int length)
    {
        File.WriteAllBytes(Ringid, new byte[length]);

        var exception = Assert.Throws<InvalidDataException>(() => Open().Read());

        Assert.Contains(Ringid, exception.Message, StringComparison.Ordinal);
        Assert.Contains($"has {length} bytes, expected 8", exception.Message, StringComparison.Ordinal);
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
