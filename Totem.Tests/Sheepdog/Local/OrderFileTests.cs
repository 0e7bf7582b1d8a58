using System.Runtime.Versioning;
using Totem.Sheepdog.Drivers.Local;
using Totem.Sheepdog.Ordering;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Local;

/// <summary>Records of the order, and what a file may hold between them.</summary>
[SupportedOSPlatform("linux")]
public sealed class OrderFileTests : IDisposable
{
    private static readonly OrderRecord Example =
        new(OrderKind.Message, new PeerId(0x01020304, 0x05060708), 9, 10, 11, 12);

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void A_record_comes_back_as_it_was_written(byte kind)
    {
        var record = Example with { Kind = (OrderKind)kind };
        var bytes = new byte[OrderRecord.Bytes];
        record.Write(bytes);
        Assert.True(OrderRecord.TryRead(bytes, out var read));
        Assert.Equal(record, read);
    }

    [Fact]
    public void A_record_with_one_bit_wrong_or_a_byte_missing_is_none()
    {
        var bytes = new byte[OrderRecord.Bytes];
        Example.Write(bytes);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(OrderRecord.TryRead(bytes, out _));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (var length = 0; length < bytes.Length; length++)
            Assert.False(OrderRecord.TryRead(bytes.AsSpan(0, length), out _));
        Assert.False(OrderRecord.TryRead(new byte[OrderRecord.Bytes], out _));
    }

    /// <summary>No writer of ours can be torn; a file system that is, or a hand, can have left anything.</summary>
    [Theory]
    [InlineData(1), InlineData(31), InlineData(32), InlineData(33), InlineData(8_191), InlineData(8_192),
        InlineData(100_000)]
    public void Bytes_that_are_no_record_are_passed_over_by_everybody_alike(int count)
    {
        var path = Path.Combine(_directory.Path, "order");
        using var file = OrderFile.TryOpen(LinuxFileSystem.Instance, path, isMade: true)!;
        file.Append(Example);
        Assert.True(file.TryRead(out _));
        var torn = new byte[count];
        new Random(count).NextBytes(torn);
        // Begins as a record does.
        var bytes = new byte[OrderRecord.Bytes];
        Example.Write(bytes);
        bytes.AsSpan(0, Math.Min(count, bytes.Length - 1)).CopyTo(torn);
        Append(path, torn);
        // One reader looks meanwhile, the other comes later.
        Assert.False(file.TryRead(out _));
        for (var sequence = 100u; sequence < 103; sequence++)
            file.Append(Example with { Sequence = sequence });
        using var later = OrderFile.TryOpen(LinuxFileSystem.Instance, path, isMade: false)!;
        Assert.True(later.TryRead(out _));
        foreach (var reader in (OrderFile[])[file, later])
        {
            for (var sequence = 100u; sequence < 103; sequence++)
            {
                Assert.True(reader.TryRead(out var record));
                Assert.Equal(sequence, record.Sequence);
                Assert.Equal(OrderRecord.Bytes + count + ((sequence - 100) * OrderRecord.Bytes), reader.LastOffset);
            }

            Assert.False(reader.TryRead(out _));
            Assert.Equal(count, reader.SkippedBytes);
        }
    }

    /// <summary>A file system may show the end of a write before its beginning.</summary>
    [Fact]
    public void A_record_that_is_not_whole_yet_is_waited_for()
    {
        var path = Path.Combine(_directory.Path, "order");
        var bytes = new byte[OrderRecord.Bytes];
        Example.Write(bytes);
        File.WriteAllBytes(path, new byte[OrderRecord.Bytes]);
        using var file = OrderFile.TryOpen(LinuxFileSystem.Instance, path, isMade: false)!;
        Assert.False(file.TryRead(out _));
        File.WriteAllBytes(path, bytes);
        Assert.True(file.TryRead(out var record));
        Assert.Equal(Example, record);
    }

    [Fact]
    public void Where_there_is_no_file_none_is_made_unless_asked() =>
        Assert.Null(OrderFile.TryOpen(LinuxFileSystem.Instance, Path.Combine(_directory.Path, "order"), isMade: false));

    private static void Append(string path, byte[] bytes)
    {
        // Not a FileStream, which looks for the end first and so can hit what somebody else appends.
        using var file = LinuxFiles.TryOpen(path, LinuxFiles.WriteOnly | LinuxFiles.Append)!;
        LinuxFiles.WriteOnce(file, bytes, path);
    }
}
