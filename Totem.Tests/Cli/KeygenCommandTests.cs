using Totem.Cli;
using Totem.CommandLine;
using Totem.Tests.Transport;
using Xunit;

namespace Totem.Tests.Cli;

/// <summary><c>totem keygen</c>.</summary>
public sealed class KeygenCommandTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_key_is_random_and_private_and_no_key_is_overwritten()
    {
        var (first, second) = (Path.Combine(_folder.Path, "a"), Path.Combine(_folder.Path, "b"));
        Assert.Equal(ExitCode.Ok, (await RunAsync("keygen", first)).ExitCode);
        Assert.Equal(ExitCode.Ok, (await RunAsync("keygen", second)).ExitCode);
        var key = await File.ReadAllBytesAsync(first);
        Assert.Equal(256, key.Length);
        Assert.NotEqual(key, await File.ReadAllBytesAsync(second));
        Assert.Equal(UnixFileMode.UserRead, PrivateFile.ModeOf(first));

        var (exitCode, _, error) = await RunAsync("keygen", first);
        Assert.Equal(ExitCode.Usage, exitCode);
        Assert.Contains("exists", error, StringComparison.Ordinal);
        Assert.Equal(key, await File.ReadAllBytesAsync(first));
        Assert.Equal(ExitCode.Ok, (await RunAsync("keygen", first, "--force")).ExitCode);
        Assert.NotEqual(key, await File.ReadAllBytesAsync(first));
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
    }

    [Theory]
    [InlineData("--id 1 --bind 10.0.0.1 --peer 2=10.0.0.2", "--bind without --key, expected --key FILE")]
    [InlineData("--id 1 --bind 10.0.0.1 --peer 2=10.0.0.2 --key k --clear", "--key beside --clear")]
    [InlineData("--id 1 --bind 10.0.0.1 --peer 2=10.0.0.2 --key k --group 239.1.1.1", "--key beside --group")]
    [InlineData("--key k", "--key or --clear without --bind")]
    public async Task Several_hosts_need_a_key_or_clear_text_by_name(string flags, string expected)
    {
        var (exitCode, _, error) = await RunAsync(["node", .. flags.Split(' ')]);
        Assert.Equal(ExitCode.Usage, exitCode);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await Program.RunAsync(args, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
