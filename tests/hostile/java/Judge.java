import io.hourglass.landing.event.Contract;
import io.hourglass.landing.event.EventScanner;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/** Prints the verdict of the landing job about each value on standard input, which has one in hexadecimal a line. */
public final class Judge {
    public static void main(String[] arguments) throws Exception {
        EventScanner scanner = new EventScanner(Contract.parse(Files.readString(Path.of(arguments[0]))));
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            boolean accepted = scanner.accepts(ByteBuffer.wrap(HexFormat.of().parseHex(line)));
            System.out.println(accepted ? "accepted" : scanner.code());
        }
    }
}
